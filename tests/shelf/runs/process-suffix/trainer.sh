# What the jobs of a stored run are. The first word says what becomes of one; `go` lets those
# end that wait. Each says its name in `ran` when it begins.
for word; do
  case $word in --experiment=*) name=${word#*=} ;; esac
done
echo "$name" >>ran
echo "$name: $1"
case $1 in
  ok) ;;
  exit) echo "no such task" && exit "$2" ;;
  dies) kill -SEGV $$ ;;
  waits) until [ -e go ]; do sleep 0.1; done ;;
  waits_exit) until [ -e go ]; do sleep 0.1; done && exit "$2" ;;
  stubborn) trap '' TERM INT && until [ -e go ]; do sleep 0.1; done ;;
  hangs) exec sleep 600 ;;
  out_of_memory)
    echo "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
    exit 1
    ;;
  from_the_third) [ "$(grep -c "^$name\$" ran)" -ge 3 ] || exit 1 ;;
esac
echo "trained"
