"""Deletes Pods for a new attempt to pull, and finds out whether each is deleted if the answer does not say it."""

from time import sleep

from kubectl_pullpolicy.cluster import WritableCluster
from kubectl_pullpolicy.cluster.delete import delete_pod
from kubectl_pullpolicy.cluster.errors import is_gone
from kubectl_pullpolicy.cluster.patch import ATTEMPTS, LONGEST_PAUSE, LOOKS, PAUSE
from kubectl_pullpolicy.cluster.reconnect import is_retriable
from kubectl_pullpolicy.core.backoff.retry import NotRetried, Retried, Retry, retry_of
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, meta
from kubectl_pullpolicy.errors import NoConnectionError, NotFoundError, PullPolicyError, ServerError, UnconfirmedError

CONFLICT, TOO_MANY = 409, 429


class PodDeletion:
    """Deletes one Pod. `kill_running`: also if its containers run; `_sent`: whether the Pod may be deleted."""

    def __init__(self, writable: WritableCluster, retry: Retry, *, kill_running: bool, server_dry_run: bool) -> None:
        self._writable = writable
        self._retry = retry
        self._kill_running = kill_running
        self._server_dry_run = server_dry_run
        self._sent = False
        self._pause = PAUSE

    def result(self) -> Retried:
        """Delete the Pod, unless it runs by now or is another. Return what is known of it."""
        try:
            self._delete()
        except PullPolicyError as error:
            return Retried(self._retry, str(error), unknown=self._sent and not self._server_dry_run)
        return Retried(self._retry)

    def _delete(self) -> None:
        judged, attempts = self._retry, ATTEMPTS
        while True:
            attempts -= 1
            try:
                delete_pod(self._writable.transport, judged, server_dry_run=self._server_dry_run)
            except PullPolicyError as error:
                if is_gone(error):
                    return
                self._check_repeatable(error)
                found = self._look(error)
                if found is None:
                    return
                self._sent = False
                if not attempts:
                    raise
                judged = found
            else:
                return

    def _check_repeatable(self, error: PullPolicyError) -> None:
        """Note whether the Pod may be deleted, and wait if the server is busy or away. Raises what is final."""
        status = error.status if isinstance(error, ServerError) else 0
        if isinstance(error, UnconfirmedError) and not self._server_dry_run:
            self._sent = True
        elif status != CONFLICT and is_retriable(error):
            self._sent = error.sent if isinstance(error, NoConnectionError) else status != TOO_MANY
            self._wait(error)
        elif status != CONFLICT:
            raise error

    def _look(self, lost: PullPolicyError) -> Retry | None:
        """Return the Pod as it is now, to be deleted; None if it is deleted. Raises PullPolicyError."""
        name, looks = self._retry.pod.name, LOOKS if self._sent else 1
        while True:
            looks -= 1
            try:
                pod, explained = Query(self._writable.source).pod(
                    ObjectRef("v1", "Pod", self._retry.pod.namespace, name)
                )
            except PullPolicyError as error:
                if is_gone(error):
                    return None
                if not looks or not (is_retriable(error) or isinstance(error, NotFoundError)):
                    raise self._unseen(error, lost) from error
                self._wait(error)
            else:
                break
        if meta(pod).name != name or not meta(pod).uid:
            raise self._unseen(UnconfirmedError(f"error: the server's answer (get pods {name}) is not the Pod"), lost)
        if self._sent and ((meta(pod).uid or "") != self._retry.uid or meta(pod).deletion_timestamp):
            return None
        self._sent = False
        again = retry_of(pod, explained, kill_running=self._kill_running)
        if isinstance(again, NotRetried):
            raise PullPolicyError(f"error: pod/{name} was not deleted: it changed meanwhile: {again.reason}")
        if again.uid != self._retry.uid:
            raise PullPolicyError(f"error: pod/{name} was not deleted: another Pod has its name by now")
        return again

    def _unseen(self, error: PullPolicyError, lost: PullPolicyError) -> PullPolicyError:
        name = self._retry.pod.name
        if not self._sent or self._server_dry_run:
            return PullPolicyError(f"error: pod/{name} was not deleted: {lost}")
        return PullPolicyError(
            f"error: it is unknown whether pod/{name} was deleted: the answer was lost, and it could not be read "
            f"again: {error}"
        )

    def _wait(self, error: PullPolicyError) -> None:
        sleep(max(self._pause, error.retry_after if isinstance(error, ServerError) else 0))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
