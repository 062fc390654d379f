"""What is ours is known by what was written, not by its name."""

import json

import pytest
from folders import contents, names

from ddff_perception.files.atomic import make_folder, remove, write_bytes
from ddff_perception.files.results import RECORD, adopt, record_growing, recorded, written_by
from ddff_perception.types import InputError


def assert_kept(path, content=b"mine"):
    for change in (lambda: write_bytes(path, b"new"), lambda: remove(path)):
        with pytest.raises(InputError, match=f"{path} is there already and was not written by"):
            change()
    assert path.read_bytes() == content
    with pytest.raises(InputError, match="choose another"):
        make_folder(path.parent, ["other", path.name])


def test_what_was_there_before_stays(tmp_path):
    (tmp_path / "a").write_bytes(b"mine")
    assert_kept(tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_what_was_written_may_be_written_again_and_removed(tmp_path):
    for content in (b"1", b"2", b"1"):
        write_bytes(tmp_path / "a", content)
    line = json.loads((tmp_path / RECORD).read_text().split("\n")[1])
    assert line == {
        "name": "a", "by": "ddff_perception", "bytes": 1,
        "sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
    }  # fmt: skip
    remove(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"mine")
    assert_kept(tmp_path / "a")


def test_what_was_changed_since_stays(tmp_path):
    write_bytes(tmp_path / "a", b"new!")
    (tmp_path / "a").write_bytes(b"mine")
    assert_kept(tmp_path / "a")


def test_each_command_has_files_of_its_own(tmp_path):
    with written_by("ddff depth"):
        write_bytes(tmp_path / "a", b"mine")
    assert_kept(tmp_path / "a")

    @written_by("ddff depth")
    def again():
        write_bytes(tmp_path / "a", b"2")

    again()
    assert (tmp_path / "a").read_bytes() == b"2"


def test_a_copied_folder_takes_its_record_along(tmp_path):
    make_folder(tmp_path / "one")
    write_bytes(tmp_path / "one" / "a", b"1")
    (tmp_path / "one").rename(tmp_path / "two")
    write_bytes(tmp_path / "two" / "a", b"2")
    assert contents(tmp_path / "two") == {"a": b"2"}


def test_a_link_is_nobody_s_to_replace(tmp_path):
    write_bytes(tmp_path / "a", b"mine")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "nowhere").symlink_to("gone")
    assert_kept(tmp_path / "a")
    with pytest.raises(InputError, match="is there already"):
        write_bytes(tmp_path / "nowhere", b"")


def test_a_file_that_grows_is_known_by_its_name(tmp_path):
    record_growing(tmp_path / "log")
    (tmp_path / "log").write_text("more and more")
    record_growing(tmp_path / "log")
    remove(tmp_path / "log")
    (tmp_path / "mine").write_text("")
    with pytest.raises(InputError, match="is there already"):
        record_growing(tmp_path / "mine")


def test_a_folder_is_removed_while_it_holds_what_was_put_there(tmp_path):
    bag = tmp_path / "bag"
    with pytest.raises(RuntimeError), recorded(bag):
        bag.mkdir()
        (bag / "0.mcap").write_bytes(b"123")
        raise RuntimeError
    (bag / "mine").write_bytes(b"")
    with pytest.raises(InputError, match="bag is there already"):
        remove(bag)
    (bag / "mine").unlink()
    remove(bag)
    assert names(tmp_path) == []


def test_an_old_folder_is_adopted_only_without_a_record(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"old")
    adopt(tmp_path, ["a", "missing"])
    write_bytes(tmp_path / "a", b"new")
    adopt(tmp_path, ["b"])
    assert_kept(tmp_path / "b", b"old")


@pytest.mark.parametrize(
    "line", ["", '{"a"', '["a"]', '"a"', '{"name": "a"}', '{"by": 1, "a": []}']
)
def test_lines_that_say_nothing_are_left_out(tmp_path, line):
    (tmp_path / RECORD).write_text(line)
    (tmp_path / "a").write_bytes(b"mine")
    assert_kept(tmp_path / "a")
    write_bytes(tmp_path / "b", b"1")
    write_bytes(tmp_path / "b", b"2")


@pytest.mark.parametrize("name", ["a\u2028b", 'a"b', "a\nb", "a\udcffb", "円"])
def test_any_name_is_known_again(tmp_path, name):
    write_bytes(tmp_path / name, b"1")
    write_bytes(tmp_path / name, b"2")
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(InputError):
        write_bytes(tmp_path / name, b"3")


def test_the_program_s_own_folders_have_no_record(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with written_by(None):
        write_bytes(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a"]
    assert not (tmp_path / RECORD).exists()
