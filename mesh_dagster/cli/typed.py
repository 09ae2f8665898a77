"""What somebody types into the shell of `mesh query`, or a program pipes into it."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import say
from mesh_dagster.cli.results import FORMATS
from mesh_dagster.cli.shell import HELP, Shell
from mesh_dagster.cli.shell_words import Words
from mesh_dagster.cli.statements import divided
from mesh_dagster.errors import MeshError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.history import History

VARIABLE = "MESH_STATE"
_ENTRIES = 1000
_ENTRY = re.compile(r"^# ", re.MULTILINE)


def run_shell(shell: Shell) -> None:
    """Answer all that is typed. On a terminal an error is shown and the next is waited for;
    of what is piped in the first error is raised, and nothing after it is done."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        _converse(shell)
        return
    for text in entered(sys.stdin):
        if not shell.answer(text):
            return


def entered(lines: Iterable[str]) -> Iterator[str]:
    """The statements and commands in these lines; the last needs no semicolon."""
    rest = ""
    for line in lines:
        if not rest.strip() and line.lstrip().startswith("."):
            yield line.strip()
            continue
        statements, rest = divided(rest + line)
        yield from statements
    if rest.strip():
        yield rest.strip()


def _converse(shell: Shell) -> None:
    for name in ("SIGTERM", "SIGHUP"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, _end)
    # Ctrl-C is for queries: what it would break off in the middle is imported before.
    for module in (
        "mesh_dagster.products.reading.query",
        "mesh_dagster.products.reading.examples",
        "pyarrow",
    ):
        import_module(module)
    say(f"{shell.mesh.config.name}: SELECT ... ; over products, .help for more")
    session = prompting(shell)
    while True:
        try:
            for text in entered([session.prompt()]):
                if not shell.answer(text):
                    return
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        except MeshError as error:
            say(str(error))


def _end(*_: object) -> None:
    """Asked to end, it does; Ctrl-C is for the line or the query that it is in."""
    raise click.Abort


def prompting(shell: Shell) -> PromptSession[str]:
    """A prompt with history and completion, in which a statement may have many lines."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.filters import Condition

    def goes_on() -> bool:
        text = session.default_buffer.document.text
        is_command = text.lstrip().startswith(".") or not text.strip()
        return not is_command and bool(divided(text)[1].strip())

    session: PromptSession[str] = PromptSession(
        message=lambda: f"{shell.settings.as_of or 'mesh'}> ",
        multiline=Condition(goes_on),
        prompt_continuation=lambda width, *_: ".".rjust(max(width - 1, 1)) + " ",
        completer=_completer(shell),
        complete_while_typing=False,
        history=history(state_folder() / "query_history"),
    )
    return session


def _completer(shell: Shell) -> Completer:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    words = Words(shell.mesh, tuple(HELP), FORMATS[:4])

    class _Completer(Completer):
        def get_completions(
            self, document: Document, complete_event: CompleteEvent
        ) -> Iterator[Completion]:
            before = document.text_before_cursor
            start = -len(before) + len(before.rstrip(_IN_WORDS))
            if before.lstrip().startswith(".") and " " not in before.lstrip():
                start = -len(before.lstrip())
            with suppress(MeshError):
                for text, what in words.after(before, document.text):
                    yield Completion(text, start, display_meta=what)

    return _Completer()


_IN_WORDS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."


def state_folder() -> Path:
    """MESH_STATE, or mesh-dagster in the folder where the user's programs keep their state."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "mesh-dagster"


def history(file: Path) -> History:
    """What was typed before, in a file that its user alone may read; the newest thousand."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        _shorten(file)
    except (OSError, RuntimeError, UnicodeDecodeError):
        return InMemoryHistory()
    return FileHistory(str(file))


def _shorten(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    entries = _ENTRY.split(text)
    if len(entries) > 2 * _ENTRIES:
        temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        temporary.touch(0o600)
        temporary.write_text("\n# " + "# ".join(entries[-_ENTRIES:]), encoding="utf-8")
        temporary.replace(file)
