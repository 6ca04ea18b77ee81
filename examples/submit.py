"""Orders one still for every cut of Lantern Street and waits for the verdicts: `python examples/submit.py`."""

from __future__ import annotations

from datetime import timedelta

from farm import Farm

PROJECT = "lantern-street"


def main() -> None:
    """Needs a running farm (`farm up`) and the show (`farm show load examples/lantern_street/show.yaml`)."""
    farm = Farm()
    orders = [
        {
            "project": PROJECT,
            "cut": cut.path,
            "job_type": "still_image",
            "requested_by": "examples/submit.py",
            # A second run of this script finds the same jobs instead of ordering them again.
            "idempotency_key": f"stills-{cut.path}",
        }
        for cut in farm.cuts(PROJECT)
        if not cut.omitted
    ]
    submitted = farm.submit_many(orders)
    for job in farm.wait([job.job_id for job in submitted], timeout=timedelta(minutes=10)):
        verdict = job.verdict.value if job.verdict else job.state.value
        print(f"{job.cut or '-':20} take {job.take_number}  {verdict:8} {', '.join(job.blocking)}")
    farm.close()


if __name__ == "__main__":
    main()
