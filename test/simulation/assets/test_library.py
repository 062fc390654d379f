"""The library hands out what was fetched, or says what is wrong with it."""

import base64

import pytest

from ddff_perception.simulation.assets.library import Library, Picture
from ddff_perception.types import InputError


def test_an_environment_map_is_what_its_module_holds(tmp_path):
    module = tmp_path / "maps" / "hall.exr.js"
    module.parent.mkdir()
    picture = Picture("maps/hall.exr.js", module, False)
    library = Library("train", tmp_path)
    module.write_text(f"export default 'data:x;base64,{base64.b64encode(b'light').decode()}'")
    kept = library.environment(picture)
    assert kept.read_bytes() == b"light"
    kept.write_bytes(b"lig")
    assert library.environment(picture).read_bytes() == b"light"
    for damaged in (b"export default 'data:x;base64,%%'", b"';base64,YQ", b""):
        module.write_bytes(damaged)
        with pytest.raises(InputError, match="holds no environment map"):
            library.environment(picture)
    module.unlink()
    with pytest.raises(InputError, match="holds no environment map"):
        library.environment(picture)
