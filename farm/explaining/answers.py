"""The JSON of the catalogue's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.explaining.equality import sentence
from farm.explaining.scores import MarkedScore, scores_of
from farm.explaining.sentences import attribute_sentences, explain
from models.plain import plain
from models.recipe import environment_sha256
from models.takes import is_slow

if TYPE_CHECKING:
    from models.jobs import JobDetail
    from models.takes import ScoresView


def to_json(value: Any) -> Any:
    """A view as plain JSON types; a seed stands twice, as a number and as the text JavaScript cannot round."""
    return with_seed_texts(plain(value))


def job_json(detail: JobDetail) -> dict[str, Any]:
    """One job as `farm job --json` promises it: all that is known, and every seed as text too."""
    answer: dict[str, Any] = to_json(detail)
    facts = {name: str(value) for name, value in detail.environment.items()}
    answer["environment_sha256"] = environment_sha256(facts) if facts else None
    if detail.reproduction is not None:
        answer["reproduction"]["sentence"] = sentence(detail.reproduction)
    take = detail.take
    if take is not None:
        answer["take"]["is_slow"] = is_slow(detail.row.job_type, take.render_seconds, take.reused_from_job_id)
    return answer


def with_seed_texts(value: Any) -> Any:
    """The same JSON with the text of every seed beside it, as `seed_text`: JavaScript rounds above 2^53.

    >>> with_seed_texts({"seed": 7, "changed": {"seed": [7, 8]}})["changed"]["seed_text"]
    ['7', '8']
    """
    if isinstance(value, list):
        return [with_seed_texts(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {name: with_seed_texts(each) for name, each in value.items()}
    texts = {f"{name}_text": _text(each) for name, each in value.items() if _is_seed(name, each)}
    if _is_seed(str(value.get("fact", "")), value.get("original")):
        # One line of what differs between a take and its reproduction.
        texts |= {f"{name}_text": _text(value[name]) for name in ("original", "again") if name in value}
    return plain | texts


def without_seed_texts(value: Any) -> Any:
    """The inverse of `with_seed_texts`, for whoever reads numbers of any size.

    >>> without_seed_texts(with_seed_texts({"changed": {"seed": [7, 8]}}))
    {'changed': {'seed': [7, 8]}}
    """
    if isinstance(value, list):
        return [without_seed_texts(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: each for name, each in value.items() if not _is_text_of_seed(name, value)}
    return {name: without_seed_texts(each) for name, each in kept.items()}


def _is_text_of_seed(name: str, beside: dict[str, Any]) -> bool:
    of = name.removesuffix("_text")
    if of == name or of not in beside:
        return False
    return _is_seed(of, beside[of]) or (of in ("original", "again") and "fact" in beside)


def _is_seed(name: str, value: Any) -> bool:
    """`seed`, `seed_used`, `subseed`, `background_seed` or `recipe.seed`, with a number or a pair of them."""
    numbers = value if isinstance(value, list) else [value]
    return name.endswith(("seed", "seed_used")) and any(type(each) is int for each in numbers)


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(each) for each in value]
    return None if value is None else str(value)


def explained_json(scores: ScoresView | None) -> dict[str, Any]:
    """What the page says of each score, for scripts: metric to status, sentence and attribute sentences."""
    return {score.metric.value: _explained(score) for score in scores_of(scores)} if scores else {}


def _explained(score: MarkedScore) -> dict[str, Any]:
    return {
        "status": score.status.value,
        "sentence": explain(score),
        "attributes": attribute_sentences(score),
    }
