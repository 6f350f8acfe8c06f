"""May an exactly-once task begin? A host asks its worker, which asks what the group says."""

from __future__ import annotations

from concurrent.futures import Future

from penstock.cluster.messages import StartTask, TaskId
from penstock.hosting.messages import ConfirmStart, StartConfirmed, StartRefused
from penstock.hosting.ports import Confirm, Confirming
from penstock.hosting.remote_offsets import OffsetLink

WAIT_SECONDS = 630.0  # the worker gives up before

Answer = StartConfirmed | StartRefused


def unrivalled(task: TaskId, incarnation: int) -> Future[None]:
    """Where nobody else could run a task, it may always begin."""
    answer: Future[None] = Future()
    answer.set_result(None)
    return answer


def waiting(confirming: Confirming) -> Confirm:
    """For tasks that run in the worker itself."""

    def confirm(start: StartTask) -> None:
        confirming(start.id, start.incarnation).result(WAIT_SECONDS)

    return confirm


def asking(link: OffsetLink) -> Confirm:
    """For tasks in a process of their own."""

    def confirm(start: StartTask) -> None:
        def question(number: int) -> ConfirmStart:
            return ConfirmStart(number, start.id, start.incarnation)

        link.ask(question, int(WAIT_SECONDS * 1000))

    return confirm


def answer(question: ConfirmStart, outcome: Future[None]) -> Answer:
    """What the host is told once the worker has come to an end with it."""
    if outcome.cancelled():
        return StartRefused(question.request, "The worker is shutting down.")
    error = outcome.exception()
    if error is None:
        return StartConfirmed(question.request)
    return StartRefused(question.request, str(error) or type(error).__name__)
