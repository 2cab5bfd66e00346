# A population of Isaac Lab with rl_games:
#
#   docker login nvcr.io
#   docker build --file docker/isaac-lab.Dockerfile --tag pbt-isaac-lab docker/
#   pbt-compile runs/cube.py --image pbt-isaac-lab --shm_size 8G \
#     --capabilities gpu,compute,utility,graphics
#
# The base is NVIDIA's image of Isaac Lab, which includes Isaac Sim and needs an account with NGC. Using
# it means accepting NVIDIA's license agreement; `ACCEPT_EULA` below says that you do. Isaac Lab 2.3 has no
# command `isaaclab`: there, commands begin with
# `python /workspace/isaaclab/scripts/reinforcement_learning/rl_games/train.py`.
#
# For rl_games without Isaac Lab, build with another base. No release of rl_games has population-based
# training yet, so this names a commit:
#
#   docker build --file docker/isaac-lab.Dockerfile --tag pbt-rl-games \
#     --build-arg BASE=pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime --build-arg PYTHON=python \
#     --build-arg PACKAGES="https://github.com/Denys88/rl_games/archive/262cf20.tar.gz" docker/
ARG BASE=nvcr.io/nvidia/isaac-lab:2.3.2
FROM ${BASE}

# Isaac Lab runs Python by its own script. Run modules say `python`, so that name has to lead there.
ARG PYTHON="/workspace/isaaclab/isaaclab.sh -p"
RUN command -v python >/dev/null \
 || { printf '#!/bin/sh\nexec %s "$@"\n' "${PYTHON}" >/usr/local/bin/python \
   && chmod 755 /usr/local/bin/python; }

# What your tasks import besides Isaac Lab; the base has rl_games.
ARG PACKAGES=""
RUN [ -z "${PACKAGES}" ] || ${PYTHON} -m pip install --no-cache-dir ${PACKAGES}

ENV ACCEPT_EULA=Y
# On a rootless engine a job is root in its container, which is your user outside.
ENV OMNI_KIT_ALLOW_ROOT=1
ENV LANG=C.UTF-8
ENV PYTHONUNBUFFERED=1
# The base has an entry point of its own; a job is its command alone.
ENTRYPOINT []
CMD ["bash"]
