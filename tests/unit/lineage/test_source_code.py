"""Where a product's files are kept is read from `.git`, and no password goes with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mesh_dagster.products.telling.source_code import source_code


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@x", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "trunk")
    folder = tmp_path / "defs" / "a b"
    folder.mkdir(parents=True)
    (folder / "x").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    return tmp_path


def test_nothing_is_said_outside_of_a_repository_or_without_a_remote(checkout, tmp_path):
    assert source_code(checkout / "defs") is None


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://me:s3cr3t@git.example:8443/team/mesh.git", "https://git.example:8443/team/mesh"),
        ("git@git.example:team/mesh.git", "https://git.example/team/mesh"),
        ("ssh://git@git.example:22/team/mesh.git", "https://git.example/team/mesh"),
    ],
)
def test_commit_branch_path_and_the_place_that_a_browser_opens(checkout, remote, shown):
    git(checkout, "remote", "add", "origin", remote)
    commit = git(checkout, "rev-parse", "HEAD")
    found = source_code(checkout / "defs" / "a b")
    assert found == {
        "type": "git",
        "url": f"{shown}/blob/{commit}/defs/a%20b",
        "repoUrl": f"{shown}.git",
        "path": "defs/a b",
        "version": commit,
        "branch": "trunk",
    }


def test_packed_refs_and_worktrees_are_read_too(checkout, tmp_path_factory):
    git(checkout, "remote", "add", "origin", "https://git.example/mesh.git")
    git(checkout, "pack-refs", "--all")
    other = tmp_path_factory.mktemp("worktrees") / "other"
    git(checkout, "worktree", "add", "--quiet", "-b", "side", str(other))
    commit = git(checkout, "rev-parse", "HEAD")
    for folder, branch in ((checkout, "trunk"), (other, "side")):
        found = source_code(folder / "defs")
        assert found is not None
        assert (found["version"], found["branch"]) == (commit, branch)


@pytest.mark.parametrize("remote", ["/home/me/mesh.git", "file:///home/me/mesh.git"])
def test_a_path_of_this_machine_is_nobodys_business(checkout, remote):
    git(checkout, "remote", "add", "origin", remote)
    assert source_code(checkout / "defs") is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"ref: ", b"ref: refs/heads/" + b"x" * 5000, b""])
def test_what_is_broken_there_is_no_error(checkout, content):
    git(checkout, "remote", "add", "origin", "https://git.example/mesh.git")
    (checkout / ".git" / "HEAD").write_bytes(content)
    found = source_code(checkout / "defs")
    assert found is None or "version" not in found
