"""The SDK: everything a script or a command asks of the farm, on one small object.

Its verbs stand in files by noun. The database layer is imported by what needs it: importing the name `Farm`
takes a twentieth of a second.
"""

from __future__ import annotations

from farm.client.answering import Answering
from farm.client.auditing import Auditing
from farm.client.characters import Characters
from farm.client.delivery import Delivering
from farm.client.events import Events
from farm.client.files import Files
from farm.client.following import Following
from farm.client.hearing import Hearing
from farm.client.jobs import Jobs
from farm.client.judging import Judging
from farm.client.keys import Keys
from farm.client.machinery import Machinery
from farm.client.measuring import Measuring
from farm.client.people import People
from farm.client.projects import Projects
from farm.client.references import References
from farm.client.shows import Shows
from farm.client.story import Story
from farm.client.taking import Taking
from farm.client.watching import Watching


class Farm(
    Hearing,
    Taking,
    Jobs,
    Watching,
    Judging,
    Shows,
    Projects,
    Characters,
    Story,
    References,
    Measuring,
    Delivering,
    Machinery,
    Auditing,
    Keys,
    People,
    Answering,
    Files,
    Following,
    Events,
):
    """One farm: this machine's, or the one that `Farm(settings)` names.

    >>> with Farm() as farm:                                                    # doctest: +SKIP
    ...     job = farm.submit(project="paper-lanterns", cut="ep001/sc010/c0010")
    ...     print(farm.wait([job.job_id])[0].verdict)
    """

    @classmethod
    def connect(cls, url: str, key: str | None = None) -> Farm:
        """A farm that is served elsewhere (`farm serve`): the same verbs, values and errors, over HTTP.

        Raises `BadInput` for what is no address; nothing is asked before the first verb.

        >>> with Farm.connect("http://farm.studio:8329", "farm_...") as farm:       # doctest: +SKIP
        ...     print(len(farm.workers()))
        """
        from farm.client.remote import RemoteFarm

        return RemoteFarm(url, key)
