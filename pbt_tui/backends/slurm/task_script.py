"""The bash program of a SLURM task: the only code of pbt_tui on a compute node.

Must not contain text of a spec: the program reads commands, environments and folders from the
manifest.

A script consists of assignments, the site's lines in the function `_pbt_site`, and `TASK`. It needs
bash 4.2; the tests use 5.2.
"""

from __future__ import annotations

_READ = """
  _pbt_env=("${@:5:$4}")
  _pbt_command=("${@:5+$4}")
"""
_READ_PORT = """
  local count=${4%:port}
  _pbt_env=("${@:5:$count}")
  _pbt_command=("${@:5+$count}")
  [[ $4 == "$count" ]] || _pbt_fill=1
"""
_PORT = """
_pbt_find_port
"""
_PORT_FILLED = r"""
_pbt_find_port
if [[ ${_pbt_fill-} ]]; then
  _pbt_mark='{port}'
  _pbt_command=("${_pbt_command[@]//$_pbt_mark/$_pbt_port}")
fi
"""

_READ_BEGIN = """
  _pbt_job=$1 _pbt_attempt=$2 _pbt_dir=$3
"""
_AGAIN = """
  local again=0
  [[ $4 != *:again=* ]] || again=${4##*:again=}
  set -- "${@:1:3}" "${4%:again=*}" "${@:5}"
"""
_GO_ON = """
_pbt_keep+="""
_STARTED = """
# TERM comes to"""


def task(*, fills_port: bool, goes_on: bool = False) -> str:
    """The fixed lines of a script.

    Args:
        fills_port: Whether to add those that put the port of the job into its command.
        goes_on: Whether to add those that find out what a requeued task goes on from.
    """
    text = TASK
    if fills_port:
        text = text.replace(_READ, _READ_PORT).replace(_PORT, _PORT_FILLED)
    return _with_going_on(text, fills_port=fills_port) if goes_on else text


def _with_going_on(text: str, *, fills_port: bool) -> str:
    from pbt_tui.backends.requeue import FUNCTIONS

    count = "$count" if fills_port else "$4"
    command = f'  _pbt_command=("${{@:5+{count}}}")\n'
    taken = (
        f'  _pbt_again=("${{@:5+{count}:$again}}")\n  _pbt_command=("${{@:5+{count}+$again}}")\n'
    )
    text = text.replace(_READ_BEGIN, _READ_BEGIN + _AGAIN.lstrip("\n"), 1)
    text = text.replace(command, taken, 1)
    text = text.replace(_GO_ON, "\n((!${#_pbt_again[@]})) || _pbt_go_on" + _GO_ON, 1)
    told = """
if [[ ${_pbt_told-} ]]; then
  _pbt_note "$_pbt_told"
  [[ $_pbt_told != refused* ]] || exit 1
fi
"""
    text = text.replace(_STARTED, told + _STARTED, 1)
    return FUNCTIONS + text


# Names begin with _pbt_: an assignment to a name in the environment would change what the job gets.
TASK = r"""
_pbt_say() { printf 'pbt: %s\n' "$*" >&2; }

_pbt_note() { # tried until it is written: a disk may be emptied, a folder be back within a minute
  local away=0
  until printf '%s\n' "$*" >>"$_pbt_claim"; do
    [[ -e $_pbt_claim ]] || ((++away < 60)) || return
    sleep 1
  done
}

_pbt_now() { printf '%(%s)T' -1; }

_pbt_read() { # the words of one line; bytes, whatever they mean in the locale of the job
  local LC_ALL=C line
  mapfile -t -s "$1" -n 1 line <"$_pbt_folder/$_pbt_manifest" || return
  ((${#line[@]})) || return
  eval "set -- ${line[0]}"
  _pbt_job=$1 _pbt_attempt=$2 _pbt_dir=$3
  _pbt_env=("${@:5:$4}")
  _pbt_command=("${@:5+$4}")
}

_pbt_take() { # the name of the attempt, once; 1 where somebody else has it
  local fd first='' tries
  set -C
  if { exec {fd}>"$_pbt_claim"; } 2>/dev/null; then
    set +C
    until printf 'slurm %s\n' "$_pbt_id" >&"$fd"; do sleep 1; done
    exec {fd}>&-
    return
  fi
  set +C
  [[ -e $_pbt_claim ]] || { _pbt_say "cannot write: $_pbt_claim"; exit 1; }
  for tries in {1..10}; do # who made it may not have written yet
    read -r first <"$_pbt_claim" && break
    sleep 0.5
  done
  [[ $first ]] || { _pbt_say "taken, but nobody knows by whom: $_pbt_claim"; exit 1; }
  [[ $first == "slurm $_pbt_id" ]]
}

_pbt_find_port() { # for the job; jobs of one cluster have ids of their own: tasks of a node differ
  local file used=() port try
  for file in /proc/net/tcp{,6}; do
    [[ ! -r $file ]] || mapfile -O "${#used[@]}" used <"$file"
  done
  for ((try = 0; try < 12000; try++)); do
    _pbt_port=$((20000 + (SLURM_JOB_ID + try * 97) % 12000))
    printf -v port ':%04X ' "$_pbt_port"
    [[ ${used[*]} == *"$port"* ]] || break
  done
  _pbt_note "port $_pbt_port"
}

_pbt_meet() { # its processes meet at that port, on all nodes, unless its environment names one
  local word
  for word in "${_pbt_env[@]}"; do
    case $word in MASTER_PORT=* | PET_MASTER_PORT=*) return ;; esac
  done
  export MASTER_PORT=$_pbt_port PET_MASTER_PORT=$_pbt_port
}

_pbt_exec() { # becomes the command; here alone can its absence be told from its own exit code
  trap 'case $? in 12[67]) _pbt_note "refused $?" ;; esac' EXIT
  local word path=$PATH
  if ((${#_pbt_prefix[@]} == 0)); then
    for word in "${_pbt_env[@]}"; do [[ $word != PATH=* ]] || path=${word#PATH=}; done
  fi
  local first=${_pbt_prefix[0]-$1}
  case $first in
    */*)
      [[ -e $first ]] || { echo "$first: not found"; exit 127; }
      [[ -x $first && ! -d $first ]] || { echo "$first: cannot be executed"; exit 126; }
      ;;
    *) PATH=$path type -P -- "$first" >/dev/null || { echo "$first: not found"; exit 127; } ;;
  esac
  if ((${#_pbt_env[@]})); then
    [[ $1 != *=* ]] || set -- bash -c 'exec -- "$@"' bash "$@"
    set -- env -- "${_pbt_env[@]}" "$@"
  fi
  exec -- "${_pbt_prefix[@]}" "$@"
}

_pbt_keep=(bash -c '
  trap : TERM HUP
  env=("${@:2:$1}")
  shift "$(($1 + 1))"
  if ((${#env[@]})); then
    [[ $1 != *=* ]] || set -- bash -c "exec -- \"\$@\"" bash "$@"
    set -- env -- "${env[@]}" "$@"
  fi
  "$@"
  code=$?
  printf "%s\n" "$code" >"$0"
  exit "$code"')

_pbt_strays() { # what the job has left on this node: every descendant has its number as a limit
  local found
  found=$(grep -ls -- "^Max file locks  *$_pbt_number " /proc/[0-9]*/limits)
  found=${found//\/limits/}
  _pbt_left=(${found//\/proc\//})
}

_pbt_begin() {
  ulimit -S -x "$_pbt_number" 2>/dev/null # no kernel since 2.4.25 reads this limit
  cd -- "${_pbt_cwd:-.}" && mkdir -p -- "$_pbt_train/$_pbt_dir" || {
    local why=125
    [[ -e $_pbt_claim ]] || why=away # as all of the run is: no job is to blame
    _pbt_note "refused $why"
    exit 125
  }
  [[ ! $_pbt_template ]] || trap : TERM HUP
  [[ ! $_pbt_signal ]] || echo "$BASHPID" >"$_pbt_claim.pid"
  _pbt_meet
  _pbt_site
}

_pbt_run() { # waits for the job; `wait` itself loses the code where a signal comes with the end
  trap : TERM HUP
  (exec 2>&1 && _pbt_begin) # bash itself tells of a signal on /dev/null
  local code=$?
  [[ $_pbt_template ]] || echo "$code" >"$_pbt_claim.code"
  exit "$code"
}

_pbt_pass() { # the early signal, to the program
  local program
  { read -r program <"$_pbt_claim.pid"; } 2>/dev/null && kill -s "$_pbt_signal" "$program"
} 2>/dev/null

_pbt_no() {
  _pbt_say "$*"
  exit 2
}

(($#)) || _pbt_no "where is $_pbt_manifest? sbatch FOLDER/$_pbt_script FOLDER [RUN_DIR]"
[[ ${SLURM_JOB_ID-} ]] || _pbt_no "this is for sbatch: there is no SLURM_JOB_ID"
_pbt_id=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
_pbt_folder=$1 _pbt_run=${2:-$_pbt_run} _pbt_cwd=${3-} _pbt_restarts=${SLURM_RESTART_COUNT:-0}
_pbt_index=${SLURM_ARRAY_TASK_ID:-0}
[[ $_pbt_folder == /* ]] || _pbt_folder=$PWD/$_pbt_folder
[[ $_pbt_run == /* ]] || _pbt_run=$PWD/$_pbt_run
[[ $_pbt_train == /* ]] || _pbt_train=$PWD/$_pbt_train
((_pbt_index < _pbt_count)) || _pbt_no "there is no task $_pbt_index of $_pbt_count"
_pbt_line=$((_pbt_offset + _pbt_index))
_pbt_read "$_pbt_line" || _pbt_no "no line $((_pbt_line + 1)) in $_pbt_folder/$_pbt_manifest"
mkdir -p -- "$_pbt_run/attempts" "$_pbt_run/logs" || exit 1
_pbt_claim=$_pbt_run/attempts/$_pbt_job.$_pbt_attempt
_pbt_take || exit 0
_pbt_find_port
_pbt_keep+=("$_pbt_claim.code" "${#_pbt_env[@]}" "${_pbt_env[@]}")
read -r _pbt_number </proc/sys/kernel/random/uuid
_pbt_number=${_pbt_number//-/}
_pbt_number=$((16#${_pbt_number:0:15}))
_pbt_note "start $_pbt_restarts ${SLURMD_NODENAME:-$HOSTNAME} $(_pbt_now) $_pbt_number"

# TERM comes to every process of a job: the program has its own. The early one comes here alone.
_pbt_ended=''
trap '_pbt_ended=1' TERM
trap : HUP
[[ ! $_pbt_signal ]] || trap _pbt_pass "$_pbt_signal"
rm -f -- "$_pbt_claim.code" "$_pbt_claim.pid"
_pbt_run </dev/null >>"$_pbt_run/logs/$_pbt_job.$_pbt_attempt.log" 2>/dev/null &
_pbt_child=$!
wait "$_pbt_child"
_pbt_code=$?
while kill -0 "$_pbt_child" 2>/dev/null; do wait "$_pbt_child"; _pbt_code=$?; done
_pbt_stop='' # looked up once, now that it has ended: the executor makes the mark before it cancels
[[ ! -e $_pbt_claim.stop ]] || _pbt_stop=stop
if { read -r _pbt_kept <"$_pbt_claim.code"; } 2>/dev/null; then # else the disk is full
  _pbt_code=$_pbt_kept
elif [[ $_pbt_template ]] && ((_pbt_code == 0)); then # its own end says nothing
  _pbt_say "the template ended without having run the command"
  _pbt_code=1
fi 2>>"$_pbt_run/logs/$_pbt_job.$_pbt_attempt.log"
rm -f -- "$_pbt_claim.code" "$_pbt_claim.pid"

# 75: there is a checkpoint, queue me again. Never after TERM or a stop, which would undo a cancel;
# never by SLURM_JOB_ID, which in one task of each array is the id of the whole array.
if ((_pbt_code == 75 && _pbt_restarts < _pbt_requeues)) && [[ ! $_pbt_ended$_pbt_stop ]]; then
  _pbt_note "requeue $((_pbt_restarts + 1)) $(_pbt_now)"
  # SLURM ends every process of the job as it queues it again, this scontrol among them: one that a
  # signal ended has done its work, and an `exit` line would tell of a failure that is none.
  (trap '' TERM && exec scontrol requeue "$_pbt_id")
  _pbt_seen=$?
  ((_pbt_seen != 0 && _pbt_seen < 128)) || exit 75
fi
_pbt_strays
((${#_pbt_left[@]} == 0)) || _pbt_note "left ${#_pbt_left[@]}"
_pbt_note "exit $_pbt_code $(_pbt_now)${_pbt_stop:+ $_pbt_stop}"
if ((${#_pbt_left[@]})); then
  kill -s TERM "${_pbt_left[@]}" 2>/dev/null
  for ((_pbt_try = 0; _pbt_try < 80; _pbt_try++)); do # 30 seconds, then KILL in 20 passes
    sleep "$((_pbt_try < 60 ? 5 : 1))e-1"
    _pbt_strays
    ((${#_pbt_left[@]})) || break
    ((_pbt_try < 60)) || kill -s KILL "${_pbt_left[@]}" 2>/dev/null
  done
  _pbt_note "gone"
fi
exit "$_pbt_code"
"""
