"""`pip install -e .` for the command, evaluation and simulation; colcon uses CMakeLists.txt."""

from setuptools import find_packages, setup

setup(
    name="ddff_perception",
    version="0.1.0",
    description="Depth from focus for ROS 2: focus sweep in, metric depth out",
    license="Apache-2.0",
    packages=find_packages(include=["ddff_perception", "ddff_perception.*"]),
    package_data={
        "ddff_perception": ["data/**/*", "weights/*", "evaluation/reports/page.*", "py.typed"]
    },
    python_requires=">=3.10",
    install_requires=["numpy", "opencv-python-headless", "scipy", "PyYAML", "pillow"],
    extras_require={
        "cli": ["typer", "rich", "matplotlib", "jinja2", "rosbags"],
        "engines": ["onnxruntime", "openvino"],
        "gpu": ["tensorrt", "cuda-python"],
        "sim": ["mitsuba>=3.6"],
        "world": ["mitsuba>=3.6", "mitsuba-oidn>=0.1.2", "distributed"],
        "timm": ["timm"],
        "photographs": ["pillow-heif", "rawpy"],
        "retrieval": ["numba"],
        "rerun": ["rerun-sdk"],
        "train": ["torch", "lightning", "onnx", "onnxscript", "safetensors", "h5py"],
    },
    entry_points={"console_scripts": ["ddff = ddff_perception.cli:main"]},
)
