#!/usr/bin/env bash
# Runs the real SAM CLI on template.yaml against the running laptop cloud: validate, build, local invoke of every event of
# events/<function>/ and local start-api. One line per check: ok or FAIL, milliseconds, what. It ends with 1 if one failed.
#
#   make sam                       all of it
#   UPDATE_GOLDEN=1 make sam       rewrites events/*/*.golden.json from the answers instead of comparing
#   SAM_VENV=DIR make sam          another place than .venv-sam for the SAM CLI
#
# Each event is also given to `waymark invoke`, which must answer the same and end the same. Everything started here is
# ended here, by its process id. Logs of a failed run stay in the folder that the last line names.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly pinned=(aws-sam-cli==1.170.0 cfn-lint==1.58.0)
readonly venv=${SAM_VENV:-.venv-sam}
readonly waymark=$PWD/.build/waymark
case $(uname -m) in x86_64) architecture=x86_64 ;; *) architecture=arm64 ;; esac
readonly architecture
readonly here=infra/sam
work=$(mktemp -d)
readonly work
declare -a started=()
failures=0

export SAM_CLI_TELEMETRY=0 SAM_CLI_CHECK_VERSION_UPDATE=0
# A binary that needs the C library of its build machine does not start in the container.
export CGO_ENABLED=0 GOFLAGS="-trimpath -tags=lambda.norpc '-ldflags=-s -w'"
# With credentials the SAM CLI asks AWS whose they are, over the network, and hands them to the container: it gets none.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_DEFAULT_REGION=us-east-1

# end stops a process and gives it 10 seconds for what it has to put away.
end() {
  kill "$1" 2>/dev/null || return 0
  for _ in $(seq 100); do
    grep -qs '^State:.[^Z]' "/proc/$1/status" || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

finish() {
  local status=$?
  trap - EXIT
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do end "${started[i]}"; done
  [ "$failures" = 0 ] || status=1
  if [ "$status" = 0 ]; then rm -rf "$work"; else echo "logs: $work"; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

now_ms() { date +%s%3N; }

# check WHAT COMMAND… runs a command, prints one line about it, and on failure the end of what it said.
check() {
  local what=$1 begin log status=0
  shift
  begin=$(now_ms)
  log=$work/check-$begin-$RANDOM.log
  "$@" >"$log" 2>&1 || status=$?
  printf '%-4s %6d ms  %s\n' "$([ $status = 0 ] && echo ok || echo FAIL)" $(($(now_ms) - begin)) "$what"
  [ $status = 0 ] && return
  failures=$((failures + 1))
  tail -n 20 "$log" | sed 's/^/       /'
}

# must is check for what nothing can go on without.
must() {
  local before=$failures
  check "$@"
  [ "$failures" = "$before" ] || exit 1
}

installed() { compgen -G "$venv/lib/python*/site-packages/$1.dist-info" >/dev/null; }

install_sam() {
  installed "aws_sam_cli-${pinned[0]#*==}" && installed "cfn_lint-${pinned[1]#*==}" && return
  python3 -m venv "$venv" || { echo "python3 cannot make a virtual environment here; on Debian: apt-get install python3-venv"; return 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check "${pinned[@]}"
}

sam() { "$venv/bin/sam" "$@"; }

validate() { sam validate --lint --template template.yaml; }

build() { sam build --template template.yaml --parameter-overrides "Architecture=$architecture"; }

# value KEY prints one field of the line that `waymark dev` wrote when everything answered.
value() { "$venv/bin/python" -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/ready.json" "$1"; }

start_engine() {
  "$here/container-engine" "$work/engine" >"$work/engine.env" || return
  # shellcheck source=/dev/null
  source "$work/engine.env"
  [ -z "${CONTAINER_ENGINE_PID:-}" ] || started+=("$CONTAINER_ENGINE_PID")
}

start_waymark() {
  "$waymark" dev --port 0 --bind "$CONTAINER_BRIDGE" --data "$work/data" --ready-file "$work/ready.json" >"$work/waymark.log" 2>&1 </dev/null &
  local pid=$!
  started+=("$pid")
  await 120 "$pid" "$work/waymark.log" test -s "$work/ready.json"
}

# await SECONDS PID LOG COMMAND… waits for a command to succeed while a process lives.
await() {
  local seconds=$1 pid=$2 log=$3
  shift 3
  for _ in $(seq $((seconds * 10))); do
    "$@" >/dev/null 2>&1 && return
    kill -0 "$pid" 2>/dev/null || { echo "it ended:"; tail -n 20 "$log"; return 1; }
    sleep 0.1
  done
  echo "no answer in $seconds s:"; tail -n 20 "$log"; return 1
}

local_options() { echo --env-vars "$work/data/sam-env.json" --skip-pull-image --parameter-overrides "Architecture=$architecture"; }

# invoke_sam runs one event in a container and holds the answer against the golden file.
invoke_sam() {
  local function=$1 event=$2
  sam_status=0
  # shellcheck disable=SC2046
  sam local invoke "$function" --event "$event" $(local_options) >"$work/answer" 2>"$work/invoke.log" || sam_status=$?
  judge "$event" || { echo "exit code $sam_status"; return 1; }
}

# invoke_waymark does the same without one; it must also end with the same exit code.
invoke_waymark() {
  local function=$1 event=$2 status=0
  "$waymark" invoke "$function" -e "$event" --data "$work/data" >"$work/answer" 2>"$work/invoke.log" || status=$?
  [ "$status" = "$sam_status" ] || { echo "exit code $status, sam local invoke had $sam_status"; tail -n 8 "$work/invoke.log"; return 1; }
  judge "$event"
}

judge() {
  "$work/check" "${1%.json}.golden.json" <"$work/answer" && return
  echo "answer: $(head -c 2000 "$work/answer")"
  tail -n 8 "$work/invoke.log"
  return 1
}

# functions lists the template's functions with their folders, in the template's order: data flows that way.
functions() {
  awk '/^  [A-Za-z0-9]+:$/ { name = $1; sub(":", "", name) } /^ +CodeUri: functions\// { sub("functions/", "", $2); sub("/lambda", "", $2); print name, $2 }' template.yaml
}

invoke_all() {
  local function folder event found
  while read -r function folder; do
    found=0
    for event in "events/$folder"/*.json; do
      case $event in *.golden.json | "events/$folder/*.json") continue ;; esac
      found=1
      check "sam local invoke $function -e $event" invoke_sam "$function" "$event"
      check "waymark invoke $function -e $event" invoke_waymark "$function" "$event"
    done
    check "events/$folder holds an event" test $found = 1
  done < <(functions)
}

free_port() { "$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_api() {
  api=http://127.0.0.1:$(free_port)
  # shellcheck disable=SC2046
  "$venv/bin/sam" local start-api --port "${api##*:}" $(local_options) >"$work/start-api.log" 2>&1 </dev/null &
  started+=($!)
  await 60 $! "$work/start-api.log" connects "${api##*:}"
}

connects() { (: <"/dev/tcp/127.0.0.1/$1"); }

# answers CODE PATTERN CURL-ARGUMENTS… makes one request and looks at its status and body.
answers() {
  local code=$1 pattern=$2 got
  shift 2
  got=$(curl -s --max-time 30 -H 'Content-Type: application/json' -w '\n%{http_code}' "$@")
  [ "${got##*$'\n'}" = "$code" ] && grep -qE "$pattern" <<<"$got" && return
  echo "got $got"; echo "want $code $pattern"
  return 1
}

# profile_arrives asks the laptop cloud, not the container, for what was sent through the container.
profile_arrives() {
  for _ in $(seq 100); do
    answers 200 '"touchpoints"' -H 'Authorization: Bearer sk_demo' "$(value url)/v1/profiles/user:sam-start-api" >"$work/profile.log" 2>&1 && return
    sleep 0.1
  done
  cat "$work/profile.log"
  return 1
}

call_api() {
  local event='{"userId":"sam-start-api","event":"Product Viewed","messageId":"sam-start-api-1","timestamp":"2026-11-22T12:00:00Z"}'
  check "start-api: POST /v1/track is accepted" answers 200 '"success": ?true' -u wk_demo: -d "$event" "$api/v1/track"
  check "start-api: that touchpoint is in its profile" profile_arrives
  check "start-api: GET /health" answers 200 '"version"' "$api/health"
  check "start-api: an unknown key gets 401" answers 401 '"success": ?false' -u wk_unknown: -d "$event" "$api/v1/track"
  check "start-api: OPTIONS is answered by our code" answers 200 '' -X OPTIONS -H 'Origin: https://shop.example' "$api/v1/track"
}

must "SAM CLI ${pinned[*]}" install_sam
must "sam validate --lint" validate
must "sam build for $architecture" build
must "build the comparison of answers" go build -o "$work/check" "./$here/check"
must "a container engine" start_engine
must "waymark dev, reachable at ${CONTAINER_BRIDGE:-the bridge}" start_waymark
invoke_all
must "sam local start-api" start_api
call_api
echo "$failures checks failed"
