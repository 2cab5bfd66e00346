"""What a requeued task goes on from: lines of bash, because a compute node has nothing of ours.

A requeue begins a new life inside the attempt. What the executor knew when it submitted the task is
then too old, so the task reads the disk itself, by the rules of `observe.continuing`; tests hold
both together. It reads only the plain metadata that trainers write. Where a value is anything else,
it refuses, and a person or the next attempt decides.

Each engine's script around the functions sets `_pbt_again`, `_pbt_command`, `_pbt_env`,
`_pbt_claim` (a file with a line `start …` for each earlier life), `_pbt_attempt` and
`_pbt_restarts`, and calls `_pbt_go_on`.

Must not contain text of a spec: all values are words of the command (`Again`). Must not contain
`{#`, `{%` or `{{`, which engines with templates replace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pbt_tui.populations import STYLES
from pbt_tui.settings.argv import settings

KNOWN_STYLES = ("isaacgymenvs", "isaaclab", "rl_games", "sample_factory")
"""The styles whose rules the functions have. Requeued tasks of other styles begin as they began."""
_DIGITS = 18
"""Digits of a number that bash can hold."""


class Again(NamedTuple):
    """What a task needs to know to find the newest generation itself; words of its command."""

    style: str
    """Style of the population: `isaacgymenvs`, `isaaclab`, `rl_games` or `sample_factory`."""
    recorded: str
    """The workspace as the spec records it, absolute."""
    below: str = ""
    """Name of the true workspace, if it is in any folder of the recorded one; else empty."""
    member: int = 0
    """Index of the member."""
    interval: int = 0
    """Frames of a generation; 0: the command does not say."""
    known: bool = False
    """Whether the member had a generation when the task was submitted."""
    floor: int = 0
    """When the newest generation was written that the executor saw, in nanoseconds since the epoch.
    Only newer ones are read first: among the others, the executor has chosen."""
    generation: int = 0
    """Number of the generation that the attempt continues from."""
    metadata: str = ""
    """Path of its metadata; empty if the attempt continues from none."""
    stamp: str = ""
    """`mtime_ns size mtime_ns size` of its metadata and its weights."""
    args: tuple[str, ...] = ()
    """Arguments of the attempt, for its first life."""

    def words(self) -> tuple[str, ...]:
        """The words, in the order in which the functions count them."""
        head = (self.style, self.recorded, self.below, self.member, self.interval)
        rest = (int(self.known), self.floor, self.generation, self.metadata, self.stamp)
        return (*map(str, (*head, *rest)), *self.args)


FUNCTIONS = r"""
_pbt_key() { # sets _pbt_name to the key that a word sets, and _pbt_plus to the prefix of Hydra
  _pbt_name=${1%%=*} _pbt_plus=''
  case $1 in
    --?*) ;;
    *=*) _pbt_plus=${1%%[!+]*} _pbt_name=${_pbt_name#"$_pbt_plus"} ;;
    *) _pbt_name='' ;;
  esac
  [[ $_pbt_name != -- ]] || _pbt_name=''
}

_pbt_merge() { # puts the words into _pbt_command, as `spec.merged` does
  (($#)) || return 0
  local -A plus=()
  local word next skip='' kept=("${_pbt_command[0]}") k
  for word; do
    _pbt_key "$word"
    [[ ! $_pbt_name ]] || plus[=$_pbt_name]=''
  done
  for k in "${!_pbt_command[@]}"; do
    ((k)) || continue
    word=${_pbt_command[k]} next=${_pbt_command[k + 1]-}
    [[ ! $skip ]] || { skip='' && continue; }
    _pbt_key "$word"
    [[ $_pbt_name && ${plus[=$_pbt_name]+there} ]] || { kept+=("$word") && continue; }
    [[ ${plus[=$_pbt_name]} == "$_pbt_plus"* ]] || plus[=$_pbt_name]=$_pbt_plus
    [[ $word != *=* && ${_pbt_command[k + 1]+there} && $next != -* ]] || continue
    [[ $next == *=* && ${next#"${next%%[!+~]*}"} == [A-Za-z_]* ]] || skip=1
  done
  for word; do
    _pbt_key "$word"
    [[ $_pbt_plus || ! $_pbt_name ]] || word=${plus[=$_pbt_name]}$word
    kept+=("$word")
  done
  _pbt_command=("${kept[@]}")
}

_pbt_space() { # sets _pbt_found to the workspace; 1: it is not there, 2: nobody can say
  local recorded=${_pbt_again[1]} below=${_pbt_again[2]} each found=()
  _pbt_found=$recorded
  [[ $below ]] || return 0
  [[ $below != /* ]] || { _pbt_found=$below && return 0; }
  for each in "$recorded"/[0-9][0-9][0-9]; do [[ ! -d $each ]] || return 0; done
  for each in "$recorded"/{,.[!.]}*/"$below"; do [[ ! -d $each ]] || found+=("$each"); done
  _pbt_found=${found[0]-}
  [[ ! ${found[1]+there} ]] || {
    _pbt_why="several configurations have a workspace $below" && return 2
  }
  [[ $_pbt_found ]]
}

_pbt_hex() { od -An -v -tx1 | tr -d ' \n'; }

_pbt_whole() { # whether a file of weights is whole
  local head tail
  [[ -f $1 && ! -L $1 && -s $1 ]] || return
  head=$(head -c 4 -- "$1" | _pbt_hex) || return
  [[ $head == *[!0]* ]] || return
  [[ 504b0304 == "$head"* ]] || return 0
  tail=$(tail -c 22 -- "$1" | _pbt_hex)
  [[ $tail == 504b0506????????????????????????????????0000 ]]
}

_pbt_value() { # sets _pbt_text to a plain scalar of YAML as Hydra's text; 1: it is anything else
  _pbt_text=$1
  case $1 in
    \'*\') _pbt_text=${1#?} _pbt_text=${_pbt_text%?} ;;
    null) return 0 ;;
    true) _pbt_text=True && return ;;
    false) _pbt_text=False && return ;;
    .inf | .nan) _pbt_text=${1#.} && return ;;
    -.inf) _pbt_text=-inf && return ;;
  esac
  [[ $_pbt_text =~ ^[A-Za-z0-9_./:+%@-]+$ ]] || return
  [[ ! ${_pbt_text,,} =~ ^(null|none|true|false|[+-]?(inf|nan))$ ]] || _pbt_text="'$_pbt_text'"
}

_pbt_elsewhere() { # whether the path in metadata is not that of stem $3 in folder $2
  local path=$1 part=${1##*/}
  [[ ${part%.*} == "$3" ]] || return 0
  for part in "${2##*/}" "$(basename -- "${2%/*}")"; do
    [[ $path == */* ]] || return
    path=${path%/*}
    [[ ! ${path##*/} || ${path##*/} == "$part" ]] || return 0
  done
  return 1
}

_pbt_metadata() { # reads $1, of stem $3 in folder $2; 1: it is cut, 2: it is of something else
  local line key='' last='' where='' iteration='' said='' params=''
  _pbt_frame='' _pbt_wrote='' _pbt_params=() _pbt_odd=''
  (($(stat -c %s -- "$1") <= 262144)) || return 2
  (($(tail -c 1 -- "$1" | wc -l))) || return 1
  while IFS= read -r line; do
    case $line in
      '  '*)
        line=${line#'  '}
        if [[ $where == params && $line =~ ^([A-Za-z_][A-Za-z0-9_.@/-]*):\ ?(.*)$ ]]; then
          key=${BASH_REMATCH[1]}
          _pbt_value "${BASH_REMATCH[2]}" || _pbt_odd=${_pbt_odd:-$key}
          _pbt_params+=("$key=$_pbt_text")
        elif [[ $where == params ]]; then
          _pbt_odd=${_pbt_odd:-${key:-params}}
        else
          last+=" ${line#"${line%%[! ]*}"}" # a long value on several lines
        fi
        ;;
      *)
        [[ $where != path ]] || ! _pbt_elsewhere "$last" "$2" "$3" || return 2
        where='' last=''
        case $line in
          'iteration: '*) iteration=${line#*: } ;;
          'frame: '*) _pbt_frame=${line#*: } ;;
          'experiment_name: '*) _pbt_value "${line#*: }" && _pbt_wrote=$_pbt_text ;;
          'params: {}') params=1 ;;
          'params:') where=params params=1 ;;
          'checkpoint: '* | 'pbt_checkpoint: '*) where=path last=${line#*: } ;;
          'true_objective:'*) said=1 ;;
        esac
        ;;
    esac
  done <"$1"
  [[ $where != path ]] || ! _pbt_elsewhere "$last" "$2" "$3" || return 2
  [[ $said ]] || return 1
  [[ $params && $iteration =~ ^[0-9]{1,12}$ && $_pbt_frame =~ ^[0-9]{1,18}$ ]] || return 2
  ((10#$iteration == 10#$3)) || return 2
  ((!_pbt_again[4] || 10#$_pbt_frame / _pbt_again[4] == 10#$3)) || return 2
}

_pbt_ns() { # sets _pbt_time to a time of `find` in nanoseconds
  local fraction=${1#*.}000000000
  _pbt_time=${1%%.*}${fraction:0:9}
}

_pbt_stamp() { # sets _pbt_seen to times and sizes of the metadata $1 and its weights
  local each time size
  _pbt_seen=''
  for each in "$1" "${1%.yaml}.pth"; do
    [[ -f $each && ! -L $each ]] || return
    read -r time size < <(find "$each" -printf '%T@ %s\n')
    _pbt_ns "$time"
    _pbt_seen+=${_pbt_seen:+ }"$_pbt_time $size"
  done
}

_pbt_newest() { # reads the member's folder: sets _pbt_source and _pbt_args; 1: nothing, 2: _pbt_why
  local folder type time name rows cut=0 once='' path='' stem newest=0 seen
  local chosen=${_pbt_again[8]}
  _pbt_why='' _pbt_args=() _pbt_source=''
  _pbt_space || return
  folder=$_pbt_found/$(printf %03d "${_pbt_again[3]}")
  if [[ -e $folder || -L $folder ]]; then
    [[ -d $folder && ! -L $folder ]] || { _pbt_why="it is no folder: $folder" && return 2; }
    rows=$(find "$folder" -maxdepth 1 -regextype posix-extended \
      -regex '.*/[0-9]{1,12}\.yaml' -printf '%y %T@ %f\n') || {
      _pbt_why="it cannot be read: $folder" && return 2
    }
  fi
  while read -r type time name; do
    [[ $type ]] || continue
    [[ $type == f ]] || { once=1 && continue; }
    stem=${name%.yaml}
    _pbt_metadata "$folder/$name" "$folder" "$stem"
    case $? in
      1) cut=$((cut + 1)) && continue ;;
      2) once=1 && continue ;;
    esac
    once=1
    _pbt_whole "$folder/$stem.pth" && _pbt_stamp "$folder/$name" || continue
    read -r newest _ time _ <<<"$_pbt_seen"
    ((time <= newest)) || { newest=0 && continue; } # torn: it was being written again
    path=$folder/$name
    break
  done < <(sort -k 2,2nr -k 3,3r <<<"${rows-}")
  # The executor chose among what was there. It is read again only for what was written since.
  if [[ $chosen ]] && ((newest <= _pbt_again[6])) && _pbt_stamp "$chosen" &&
    [[ $_pbt_seen == "${_pbt_again[9]}" ]]; then
    path=$chosen stem=$(printf %06d "${_pbt_again[7]}")
  fi
  if [[ ! $path ]]; then
    [[ $once ]] || ((cut > 1)) || return 1
    _pbt_why="no whole generation in $folder" && return 2
  fi
  _pbt_metadata "$path" "$folder" "$stem" && _pbt_stamp "$path" || {
    _pbt_why="it has changed: $path" && return 2
  }
  [[ ! $_pbt_odd ]] || { _pbt_why="a task cannot read the value of $_pbt_odd: $path" && return 2; }
  seen="${_pbt_again[3]} $((10#$stem)) $((10#$_pbt_frame)) $_pbt_seen ${_pbt_wrote:--}"
  _pbt_source="$seen ${path%.yaml}.pth"
  _pbt_recipe "${path%.yaml}.pth"
}

_pbt_recipe() { # sets _pbt_args, as the recipes of the styles do; 2: no command can be written
  local path=$1 apostrophe=\'
  case ${_pbt_again[0]} in
    isaacgymenvs)
      [[ $_pbt_wrote ]] || { _pbt_why="no experiment_name: $path" && return 2; }
      [[ $path != *[=\\[:cntrl:]]* && $path != *'${'* ]] || { _pbt_why="$path" && return 2; }
      [[ $path =~ ^[A-Za-z0-9_./:+%@-]+$ ]] || path="'${path//$apostrophe/\\$apostrophe}'"
      _pbt_args=(++pbt_restart=True "+full_experiment_name=$_pbt_wrote" "checkpoint=$path")
      _pbt_all_weights
      ;;
    *) _pbt_args=("--checkpoint=$path") ;;
  esac
  _pbt_args+=("${_pbt_params[@]}")
}

_pbt_all_weights() { # PyTorch's safe loader refuses numpy scalars; the job's own variable counts
  [[ " ${_pbt_env[*]}" == *" TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD="* ]] ||
    _pbt_env=(TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 "${_pbt_env[@]}")
}

_pbt_policies() { # the same for a job of Sample-Factory, which resumes by itself
  local folder name newest='' word best=0 time size path
  _pbt_why='' _pbt_args=() _pbt_source=''
  for path in "${_pbt_again[1]}"/{config,policy_[0-9]*_cfg,policy_[0-9]*_reward_shaping}.json; do
    [[ ! -f $path || $(tail -c 9 -- "$path") =~ (\}|null)$ ]] || # cut: the trainer would not start
      mv -- "$path" "${path%/*}/before-$_pbt_attempt.$_pbt_restarts.${path##*/}"
  done
  for folder in "${_pbt_again[1]}"/checkpoint_p[0-9]*; do
    [[ ${folder##*_p} =~ ^[0-9]{1,4}$ && -d $folder && ! -L $folder ]] || continue
    path=$folder/checkpoint_temp # the trainer would load it first
    [[ ! -e $path ]] || _pbt_whole "$path" ||
      mv -- "$path" "$folder/before-$_pbt_attempt.$_pbt_restarts.checkpoint_temp"
    newest=''
    for path in "$folder"/checkpoint_*; do
      [[ ! ${path##*/} =~ ^checkpoint_[0-9]{9,18}_[0-9]{1,18}\.pth$ ]] || newest=$path
    done
    [[ $newest ]] || continue
    _pbt_whole "$newest" || { _pbt_why="it is not whole: $newest" && return 2; }
    read -r time size < <(find "$newest" -printf '%T@ %s\n')
    _pbt_ns "$time"
    ((_pbt_time > best)) || continue
    best=$_pbt_time name=${newest##*/checkpoint_} name=${name%.pth}
    _pbt_source="$((10#${folder##*_p})) $((10#${name%_*})) $((10#${name#*_}))"
    name=${folder%/*}
    _pbt_source+=" - - $_pbt_time $size ${name##*/} $newest"
  done
  [[ $_pbt_source ]] || return 1
  _pbt_all_weights
  for word in "${_pbt_command[@]}"; do
    [[ ${word%%=*} != --restart_behavior ]] || _pbt_args=(--restart_behavior=resume)
  done
}

_pbt_go_on() { # the arguments of this life; sets _pbt_told for the attempt file
  local look=_pbt_newest tries known=${_pbt_again[5]}
  _pbt_told=''
  if ! grep -q '^start ' "$_pbt_claim"; then # its first life
    _pbt_merge "${_pbt_again[@]:10}"
    return
  fi
  [[ ${_pbt_again[0]} != sample_factory ]] || look=_pbt_policies
  ! grep -q '^source ' "$_pbt_claim" || known=1
  for ((tries = 0; tries <= 30; tries++)); do # mounts are late
    ((!tries)) || sleep 2
    $look
    case $? in
      0) _pbt_told="source $_pbt_source" && _pbt_merge "${_pbt_args[@]}" && return ;;
      1) ((known)) || return 0 ;;
    esac
  done
  _pbt_told="refused cannot be continued: ${_pbt_why:-nothing is there any more}"
}
"""


def again(style: str, recorded: str, argv: Sequence[str], **known: Any) -> Again:
    """What a task needs to know about a member.

    Args:
        style: Name of the style of the population, one of `KNOWN_STYLES`.
        recorded: The workspace as the spec records it, absolute.
        argv: The command of the job, without arguments of an attempt.
        known: Further fields of `Again`: `member`, and what the attempt continues from.
    """
    kind = STYLES.get(style)
    given = settings(tuple(argv))
    interval = 0
    for key in kind.index_keys:
        text = given.get(f"{key.stem}{kind.interval_name}", "").replace("_", "")
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
            interval = int(text)
    below = kind.name_below(given) or ""
    return Again(style, recorded, below, interval=interval, **known)
