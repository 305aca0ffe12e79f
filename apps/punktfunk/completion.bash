# SPDX-License-Identifier: MIT OR Apache-2.0
# Completion for punktfunk in bash: commands, options, and the names of saved hosts.

_punktfunk() {
  local word=${COMP_WORDS[COMP_CWORD]} command='' candidates='' i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
  done
  COMPREPLY=()
  if [[ -z $command ]]; then
    candidates='discover pair request-access hosts rename forget connect speed-test wake --json --quiet --state-dir --timeout --help'
    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
  elif [[ $word == -* ]]; then
    # The options that the program itself lists.
    candidates=$("${COMP_WORDS[0]}" "$command" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
  elif [[ $command != hosts && $command != discover && $i -eq $((COMP_CWORD - 1)) ]]; then
    # One name a line; names with spaces are quoted for the shell.
    local name
    while IFS= read -r name; do
      [[ $name == "$word"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
    done < <("${COMP_WORDS[0]}" hosts --json 2>/dev/null | sed -n 's/^ *"name": "\(.*\)",$/\1/p')
  fi
}
complete -F _punktfunk punktfunk
