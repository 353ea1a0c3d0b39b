# shellcheck shell=bash disable=SC2154  # the script that sources it has lib.sh
# The sample scenario: publishes deploy/sample/events, waits until every event is where
# sample/expected.json wants it, and judges. Who sources it provides
#   meddela ARGUMENTS...   runs the program with the configuration in force
#   $folder                a directory for what it writes

readonly settle_limit_seconds=180
readonly sample_events="$deploy_folder/sample/events"

publish_samples() {
  local malformed=("$sample_events"/malformed/*)
  step 'Publishing sample events'
  publish batch "$sample_events/batch.ndjson"
  publish realtime "$sample_events/realtime.ndjson"
  # One file is one message, exactly as it stands.
  publish realtime --raw "${malformed[@]}"
  publish realtime --raw --content-type application/cloudevents-batch+json \
    "$sample_events/notations/cloudevents.json"
  publish realtime --raw --content-type application/xml \
    "$sample_events/notations/push-events.xml"
  note "$(wc -l <"$sample_events/batch.ndjson") on the batch lane," \
    "$(wc -l <"$sample_events/realtime.ndjson") on the real-time lane," \
    "${#malformed[@]} malformed ones," \
    '2 as CloudEvents and 2 as Adobe XML'
}

publish() {
  local lane=$1 log="$folder/log/publish.log"
  shift
  if ! meddela publish --lane "$lane" "$@" >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "publishing on the $lane lane failed" "The whole output: $log"
  fi
}

# Every event with its status, and every parked message with its reason.
take_snapshot() {
  meddela events list --json >"$folder/events.jsonl" 2>"$folder/log/list.log" &&
    meddela parked list --json >"$folder/parked.jsonl" 2>"$folder/log/list.log"
}

check_sample() {
  "$deploy_folder/check-sample" "$1" "$folder/events.jsonl" "$folder/parked.jsonl"
}

wait_until_settled() {
  local limit=$((SECONDS + settle_limit_seconds)) line='' last=''
  step 'Waiting until every event has its status'
  while ((SECONDS < limit)); do
    processes_run || return 1
    if take_snapshot; then
      if line=$(check_sample progress); then
        clear_live
        note "$line"
        return 0
      fi
      show_live "$line"
      [[ $live == true || "$line" == "$last" ]] || note "$line"
      last=$line
    fi
    sleep 0.5
  done
  clear_live
  warn "not settled after $settle_limit_seconds s"
  return 1
}

report() {
  printf '\n'
  if ! take_snapshot; then
    tail -n 20 "$folder/log/list.log" >&2 || true
    warn 'the events could not be listed'
    return 1
  fi
  check_sample report
}

print_verdict() {
  if (($1 == 0)); then
    printf '\n%sEvery event reached the status it should%s, %s in all.\n' "$green" "$plain" "$(elapsed)"
  else
    printf '\n%sNot every event reached the status it should%s, %s in all.\n' "$red" "$plain" "$(elapsed)"
  fi
}
