package host

import (
	"fmt"
	"reflect"
	"slices"
)

// rollout reads which binds of a script take a save first: a percentage, names and patterns, or both with the time
// for which they are watched. off is all at once.
func (b *bindReader) rollout(n *node) {
	b.Rollout = Canary{}
	at, period := n, canaryTime
	if _, plain := b.scalar(n); !plain && len(b.list(n)) == 1 && b.list(n)[0].Node == n.Node {
		b.mapping(n, "rollout", keys{
			"canary": func(n *node) { at = n },
			"for": func(n *node) {
				if period = b.duration(n); period == 0 {
					b.fail(n, "must be more than 0", durationRemedy)
				}
			},
		})
		if at == n {
			b.fail(n, "has no 'canary'", "for instance canary: 5%, or the names of binds")
			return
		}
	} else if s, _ := b.scalar(n); plain && (s == "off" || s == "false") {
		return
	}
	var words []string
	for _, v := range b.list(at) {
		words = append(words, b.str(v))
	}
	c, err := ParseCanary(words)
	if err != nil {
		b.fail(at, err.Error(), "")
		return
	}
	c.For = period
	b.Rollout = c
}

// rollouts finds scripts whose binds do not agree on how new code reaches them.
func (r *reader) rollouts(c *Config) {
	first := map[string]BindConfig{}
	for _, b := range c.Binds {
		f, ok := first[b.Script]
		if !ok {
			first[b.Script] = b
			f = b
		}
		if !reflect.DeepEqual(f.Rollout, b.Rollout) {
			d := c.Place(b.Name)
			d.Message = fmt.Sprintf("the binds %s and %s run %s, and have another rollout", f.Name, b.Name, b.Script)
			d.Remedy = "say it alike for both, or under defaults"
			r.wrong = append(r.wrong, d)
		}
	}
	for script, f := range first {
		if f.Rollout.Percent > 0 || !f.Rollout.on() || slices.ContainsFunc(c.Binds, func(b BindConfig) bool { return b.Script == script && f.Rollout.names(b.Name) }) {
			continue
		}
		d := c.Place(f.Name)
		d.Message = fmt.Sprintf("no bind that runs %s is called '%s', as its rollout says", script, f.Rollout)
		d.Remedy = "rollout: off takes a save in all binds at once"
		r.wrong = append(r.wrong, d)
	}
}
