"""`ddff assets` and `ddff simulate dataset` as they are typed."""

import json

import pytest
from command_line import ddff

from ddff_perception.simulation.assets.cache import AssetCache
from ddff_perception.simulation.assets.catalogue import catalogue
from ddff_perception.types import InputError

NAMES = {"sweethome3d-furniture", "environments", "mate-backgrounds"}


def test_the_list_tells_what_is_here(tmp_path, capfd):
    result = ddff(capfd, "assets", "list", "--json", "--folder", str(tmp_path))
    assert result.status == 0
    content = json.loads(result.output)
    assert {row["name"] for row in content["assets"]} >= NAMES
    assert not any(row["fetched"] for row in content["assets"])


def test_the_list_shows_the_names_that_fetching_takes(tmp_path, capfd):
    output = ddff(capfd, "assets", "list", "--folder", str(tmp_path)).output
    for asset in catalogue():
        assert f" {asset.name} " in output


def test_what_can_be_fetched_is_where_others_fail_and_each_failure_is_told(
    tmp_path, capfd, monkeypatch
):
    asked = []

    def fetch(self, asset, source):
        asked.append(asset.name)
        if asset.client == "apt":
            raise InputError(f"{asset.package} is of another release")
        return True

    monkeypatch.setattr(AssetCache, "fetch", fetch)
    result = ddff(capfd, "assets", "fetch", "--folder", str(tmp_path))
    assert result.status == 2 and asked == [asset.name for asset in catalogue()]
    failed = [asset for asset in catalogue() if asset.client == "apt"]
    assert f"{len(failed)} of {len(asked)} assets were not fetched" in result.errors
    for asset in failed:
        assert f"{asset.name}: {asset.package} is of another release" in result.errors
    assert "environments: fetched" in result.output and "Traceback" not in result.errors
    asked.clear()
    result = ddff(capfd, "assets", "fetch", failed[0].name, "--folder", str(tmp_path))
    assert result.status == 2 and asked == [failed[0].name]


def test_what_cannot_be_done_is_one_sentence_and_status_2(tmp_path, capfd):
    folder = ["--folder", str(tmp_path)]
    (tmp_path / "pmndrs-assets-1.7.0.tgz").write_bytes(b"another archive")
    for arguments, said in (
        (["fetch", "nothing", *folder], "there is no asset"),
        (["fetch", "environments", "--from", str(tmp_path), *folder], "SHA-256"),
        (["fetch", "environments", "--from", str(tmp_path / "gone"), *folder], "there is no"),
        (["verify", *folder], "fetch them"),
        (["sheet", "-o", str(tmp_path / "s.png"), *folder], "ddff assets fetch"),
        (["sheet", "-o", str(tmp_path / "s.png"), "--use", "both", *folder], "use must be"),
        (["credits", str(tmp_path)], "dataset.json"),
    ):
        result = ddff(capfd, "assets", *arguments)
        assert result.status == 2, arguments
        assert said in result.errors and "Traceback" not in result.errors
    assert not (tmp_path / "environments").exists()


def test_credits_of_a_card_are_shown_and_written(tmp_path, capfd):
    card = tmp_path / "card.json"
    card.write_text(json.dumps({"assets": ["environments/package/hdri/city.exr.js"]}))
    assert "CC0-1.0" in ddff(capfd, "assets", "credits", str(card)).output
    target = tmp_path / "credits.md"
    assert ddff(capfd, "assets", "credits", str(card), "-o", str(target)).status == 0
    assert "city" in target.read_text()


@pytest.mark.parametrize("summary", ['{"assets": null}', "{}"])
def test_an_unfinished_data_set_has_no_credits_yet(tmp_path, capfd, summary):
    (tmp_path / "dataset.json").write_text(summary)
    for record in (tmp_path, tmp_path / "dataset.json"):
        result = ddff(capfd, "assets", "credits", str(record))
        assert result.status == 2 and "is not finished" in result.errors
        assert "no asset of anybody" not in result.output


def test_a_sheet_that_is_somebody_s_is_refused_before_anything_is_rendered(tmp_path, capfd):
    sheet, output = tmp_path / "mine.png", tmp_path / "set"
    sheet.write_bytes(b"mine")
    arguments = ["simulate", "dataset", "odd", "-o", str(output), "--views", "1"]
    for path, said in (
        (sheet, "is there already"),
        (sheet / "sheet.png", "cannot make the folder"),
    ):
        result = ddff(capfd, *arguments, "--sheet", str(path))
        assert result.status == 2 and said in result.errors
        assert not output.exists() and sheet.read_bytes() == b"mine"


def test_a_small_data_set_is_rendered_with_a_sheet(tmp_path, capfd):
    pytest.importorskip("mitsuba")
    folder, sheet = tmp_path / "set", tmp_path / "sheet.png"
    options = ["--views", "1", "--width", "32", "--height", "24", "--samples", "1", "--grain"]
    none = ["--assets", str(tmp_path / "none"), "--sheet", str(sheet)]
    result = ddff(capfd, "simulate", "dataset", "odd", "-o", str(folder), *options, *none)
    assert result.status == 0, result.errors
    assert "ddff assets fetch" in result.errors and "1 views" in result.output
    assert sheet.is_file() and len((folder / "index.jsonl").read_text().splitlines()) == 1
    again = ddff(capfd, "simulate", "dataset", "odd", "-o", str(folder), *options, *none)
    assert "0 rendered now" in again.output
    other = ddff(capfd, "simulate", "dataset", "rooms", "-o", str(folder), *options, *none)
    assert other.status == 2 and "other settings" in other.errors
