"""main(): the one place where an error becomes a message and an exit code."""

import atexit
import gc
import io
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from kubectl_pullpolicy.errors import PullPolicyError

if TYPE_CHECKING:
    from typer.exceptions import TyperException


INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the program with these arguments, by default those of the process. Returns the exit code.

    0 done, 1 any error (usage too, as kubectl), 130 interrupted.
    """
    from typer import Abort
    from typer.exceptions import TyperException

    from kubectl_pullpolicy.cli import app

    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["__complete"]:
        return _complete(given[1:])
    try:
        code: object = app(given, prog_name="kubectl pullpolicy", standalone_mode=False)
        _flush()
    except PullPolicyError as error:
        return _fail(str(error), error.exit_code, given)
    except TyperException as error:
        return _fail(f"error: {_usage(error)}\n{_see(error)}", 1, given)
    except (Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # `... | head` has read enough
        _discard_output()
        return 0
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        _discard_output()  # the same within a command: typer turns it into an exit with 1
        return 0
    except OSError as error:  # of the output, such as a full disk: errors of reading are PullPolicyError
        _discard_output()
        return _fail(f"error: write /dev/stdout: {(error.strerror or str(error)).lower()}", 1, given)
    return code if isinstance(code, int) else 0


def run() -> NoReturn:
    """Run the console script, and end the process."""
    # Decoded objects hold no cycles. The search for them took a fifth of the time of 10,000 Pods.
    gc.set_threshold(100_000)
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP; nohup has it ignored
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda got, _: sys.exit(128 + got))
    _print_any_text()
    code: object
    try:
        code = main() if _open_streams() else 1
        _flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as stop:
        code = stop.code
    # The kubernetes package removes its copies of keys here. The interpreter's own shutdown takes a tenth of a small
    # run, and could crash with threads that still wait for a server.
    atexit._run_exitfuncs()
    os._exit(code if isinstance(code, int) else 1)


def _print_any_text() -> None:
    """Escape what the encoding of a stream lacks: text of a cluster must not end a run in the middle of its writes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_streams() -> bool:
    """Put the null device in the place of closed streams, or a connection would get their numbers. False: no output."""
    closed = [number for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)) if stream is None]
    for number in closed:  # the lowest free number is this one
        stream = open(os.devnull, "w" if number else "r", encoding="utf-8")  # noqa: PTH123, SIM115
        setattr(sys, ("stdin", "stdout", "stderr")[number], stream)
    if 1 in closed:
        _fail("error: write /dev/stdout: bad file descriptor", 1, [])
    return 1 not in closed


def run_completion() -> NoReturn:
    """Run the console script kubectl_complete-pullpolicy, which kubectl finds by its name."""
    sys.argv[1:1] = ["__complete"]
    run()


def _complete(words: list[str]) -> int:
    """Print the candidates. Failures print nothing, so that the shell's line stays clean."""
    from kubectl_pullpolicy.completion import complete

    sys.stdout.write(complete(words))
    return 0


def _flush() -> None:
    if sys.stdout is not None:  # it is None if the shell closed it (>&-)
        sys.stdout.flush()


def _discard_output() -> None:
    """Send further output to the null device, so that it does not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: "TyperException") -> str:
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _see(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "kubectl pullpolicy"
    return f"See '{path} --help' for usage."


def _fail(message: str, code: int, given: list[str]) -> int:
    from kubectl_pullpolicy.printers.escape import escaped_lines

    text = message.rstrip("\n")
    if _wants_traceback(given):
        import traceback

        text = f"{traceback.format_exc()}{text}"
    with suppress(OSError):  # a full device; the exit code still counts
        sys.stderr.writelines(f"{line}\n" for line in escaped_lines(text))  # it may quote a server or a file
    return code


def _wants_traceback(given: list[str]) -> bool:
    """Whether -v N or --v=N is above 0. Parsed here, since the error may be one of parsing flags."""
    words = " ".join(given).replace("=", " ").split()
    following = [words[i + 1] for i, word in enumerate(words[:-1]) if word in {"-v", "--v"}]
    return any(level.isdecimal() and int(level) > 0 for level in following)


if __name__ == "__main__":
    run()
