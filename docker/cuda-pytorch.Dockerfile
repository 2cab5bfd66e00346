# A trainer with PyTorch and CUDA, such as CleanRL or Stable-Baselines3:
#
#   docker build --file docker/cuda-pytorch.Dockerfile --tag pbt-torch docker/
#   pbt-compile runs/sweep.py --image pbt-torch
#
# The base brings Python, torch, CUDA and cuDNN; the driver comes from the machine, through the NVIDIA
# Container Toolkit. Take a tag whose CUDA your driver supports: `nvidia-smi` shows the newest one.
ARG BASE=pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime
FROM ${BASE}

# What the trainer imports. Pin what a result depends on: the image is part of an experiment.
ARG PACKAGES="gymnasium==1.2.0 tensorboard==2.20.0 tyro==0.9.31"
RUN pip install --no-cache-dir ${PACKAGES}

# A job runs as the user who started the run, and not as root: keep what it reads readable for everybody.
# Its `HOME` is a folder of the run; its code and its results are mounted, so copy neither into the image.
ENV LANG=C.UTF-8
# Lines reach the log at once, and not when a buffer is full.
ENV PYTHONUNBUFFERED=1
CMD ["bash"]
