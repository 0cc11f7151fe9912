package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// completions are what the shells need to ask esmehost itself for what may come next.
var completions = map[string]string{
	"bash": `_esmehost() {
  local cur="${COMP_WORDS[COMP_CWORD]}" words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  [[ $cur == -* ]] && words+=("$cur")
  COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$cur"))
}
complete -o default -F _esmehost esmehost
`,
	"zsh": `#compdef esmehost
_esmehost() {
  local cur="${words[CURRENT]}"
  local -a asked=("${(@)words[1,CURRENT-1]}")
  [[ $cur == -* ]] && asked+=("$cur")
  local -a found=("${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "${asked[@]}" --generate-bash-completion 2>/dev/null)}")
  [[ -n ${found[1]} ]] && _describe value found || _files
}
compdef _esmehost esmehost
`,
}

var completionCommand = &cli.Command{
	Name: "completion", Usage: "write what a shell needs to complete commands and options", ArgsUsage: "bash|zsh|fish",
	Description: "Example: source <(esmehost completion bash)\nExample: esmehost completion fish >~/.config/fish/completions/esmehost.fish",
	Action: func(c *cli.Context) error {
		if c.NArg() != 1 {
			return usage("completion takes one shell: bash, zsh or fish")
		}
		text, known := completions[c.Args().First()]
		if c.Args().First() == "fish" {
			var err error
			if text, err = c.App.ToFishCompletion(); err != nil {
				return err
			}
			known = true
		}
		if !known {
			return usage("completion knows bash, zsh and fish, not '%s'", c.Args().First())
		}
		_, err := fmt.Fprint(c.App.Writer, text)
		return err
	},
}
