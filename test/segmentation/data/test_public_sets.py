"""NYUv2 and SUN RGB-D read from tiny files of their authors' formats."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from ddff_perception.files.images import write_image
from ddff_perception.segmentation.data.public_sets import SUN_CLASSES, NyuV2, SunRgbd
from ddff_perception.simulation.classes import NYU40
from ddff_perception.types import InputError

HEIGHT, WIDTH = 6, 8


@pytest.fixture
def nyu(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "images": rng.integers(0, 256, (3, 3, WIDTH, HEIGHT)).astype(np.uint8),
        "depths": rng.uniform(1, 5, (3, WIDTH, HEIGHT)).astype(np.float32),
        "rawDepths": np.zeros((3, WIDTH, HEIGHT), np.float32),
        "labels": np.zeros((3, WIDTH, HEIGHT), np.uint16),
    }
    arrays["labels"][1, :4] = 5  # of the 894 classes
    arrays["labels"][1, 4:] = 894
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w") as file:
        for name, values in arrays.items():
            file[name] = values
    splits = {"trainNdxs": np.array([[1], [3]]), "testNdxs": np.array([[2]])}
    savemat(tmp_path / "splits.mat", splits)
    classes = np.full((1, 894), 40)
    classes[0, 4] = 1
    savemat(tmp_path / "classMapping40.mat", {"mapClass": classes})
    return tmp_path, arrays


def test_nyu_is_turned_upright_and_mapped_to_forty_classes(nyu):
    folder, arrays = nyu
    train, test = NyuV2(folder, "train"), NyuV2(folder, "test")
    assert (len(train), len(test)) == (2, 1)
    frame = test[0]
    assert frame.name == "0002"
    assert frame.colour.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(frame.colour[2, 5], arrays["images"][1, ::-1, 5, 2])
    assert frame.depth[2, 5] == arrays["depths"][1, 5, 2]
    assert NYU40[frame.labels[0, 0]] == "wall" and NYU40[frame.labels[0, 7]] == "otherprop"
    assert (train[0].labels == 255).all()
    assert frame.camera.width == WIDTH
    assert np.isnan(NyuV2(folder, "test", inpainted=False)[0].depth).all()


def test_nyu_without_its_files_says_which(tmp_path):
    with pytest.raises(InputError, match=r"splits\.mat is missing"):
        NyuV2(tmp_path, "train")
    with pytest.raises(InputError, match="split must be one of"):
        NyuV2(tmp_path, "validation")


@pytest.fixture
def sun(tmp_path):
    names = ("kv2/kinect2data/a", "realsense/lg/b", "realsense/lg/c", "xtion/sun3d/d")
    root = "/n/fs/sun3d/data/SUNRGBD"
    entries = np.empty(len(names), object)
    label = np.zeros((WIDTH, HEIGHT), np.uint16)
    label[:4], label[4:6] = 1, 37
    depth_mm = np.full((HEIGHT, WIDTH), 2345, np.uint16)
    depth_mm[0] = 0
    turned = (depth_mm << 3) | (depth_mm >> 13)
    for number, name in enumerate(names):
        folder = tmp_path / "SUNRGBD" / name
        for part in ("image", "depth", "depth_bfx"):
            (folder / part).mkdir(parents=True)
        image = np.full((HEIGHT, WIDTH, 3), number, np.uint8)
        write_image(folder / "image" / "x.png", image)
        write_image(folder / "depth_bfx" / "x.png", turned)
        write_image(folder / "depth" / "x.png", turned * 0)
        entries[number] = {
            "rgbpath": f"{root}/{name}/image/x.png",
            "depthpath": f"{root}/{name}/depth_bfx/x.png",
            "K": np.array([[500.0, 0, 3.5], [0, 501.0, 2.5], [0, 0, 1]]),
        }
    toolbox = tmp_path / "SUNRGBDtoolbox"
    (toolbox / "Metadata").mkdir(parents=True)
    (toolbox / "traintestSUNRGBD").mkdir()
    savemat(toolbox / "Metadata" / "SUNRGBDMeta.mat", {"SUNRGBDMeta": entries})
    split = {
        "alltrain": np.array([f"{root}/{n}" for n in (names[0], names[1])], object),
        "alltest": np.array([f"{root}/{n}" for n in (names[2], names[3])], object),
    }
    savemat(toolbox / "traintestSUNRGBD" / "allsplit.mat", split)
    with h5py.File(toolbox / "Metadata" / "SUNRGBD2Dseg.mat", "w") as file:
        references = file.create_dataset(
            "SUNRGBD2Dseg/seglabel", (len(names), 1), h5py.special_dtype(ref=h5py.Reference)
        )
        for number in range(len(names)):
            file[f"label{number}"] = label
            references[number, 0] = file[f"label{number}"].ref
    return tmp_path


def test_sun_leaves_out_the_realsense_of_the_training_images_alone(sun):
    assert [frame.name for frame in SunRgbd(sun, "train")] == ["SUNRGBD/kv2/kinect2data/a"]
    assert len(SunRgbd(sun, "train", realsense=True)) == 2
    assert [frame.name.split("/")[1] for frame in SunRgbd(sun, "test")] == ["realsense", "xtion"]


def test_sun_turns_the_bits_of_its_depth_back_and_knows_thirty_seven_classes(sun):
    frame = SunRgbd(sun, "test")[1]
    assert frame.depth[3, 3] == pytest.approx(2.345)
    assert np.isnan(frame.depth[0]).all()
    assert np.isnan(SunRgbd(sun, "test", inpainted=False)[1].depth).all()
    assert [SUN_CLASSES[n] for n in frame.labels[0, [0, 4]]] == ["wall", "bag"]
    assert (frame.labels[:, 6:] == 255).all()
    assert (frame.colour == 3).all()
    assert (frame.camera.fx, frame.camera.cy) == (500.0, 2.5)


def test_a_path_that_leads_out_of_the_data_set_is_refused(sun):
    split = sun / "SUNRGBDtoolbox" / "traintestSUNRGBD" / "allsplit.mat"
    for bad in ("/etc/passwd", "SUNRGBD/../../x"):
        savemat(split, {"alltrain": np.array([bad], object), "alltest": np.array([bad], object)})
        with pytest.raises(InputError, match="leads out of its folder"):
            SunRgbd(sun, "train")
