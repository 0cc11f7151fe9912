package host

import (
	"crypto/sha256"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
)

// Canary says which binds of a script run new code first, and for how long they are watched before the others
// follow. The zero value is no canary: all at once.
type Canary struct {
	Percent float64  // of the script's binds, at least one; 0: Binds says which
	Binds   []string // names or patterns
	For     time.Duration
}

// canaryTime is how long canaries are watched unless told.
const canaryTime = 2 * time.Minute

// ParseCanary reads what --canary and rollout: say: a percentage such as 5%, or names and patterns of binds.
func ParseCanary(words []string) (Canary, error) {
	c := Canary{For: canaryTime}
	for _, w := range words {
		number, isPercent := strings.CutSuffix(w, "%")
		switch {
		case isPercent:
			p, err := strconv.ParseFloat(number, 64)
			if err != nil || !(p > 0 && p < 100) || len(words) > 1 {
				return Canary{}, fmt.Errorf("'%s' must be one percentage above 0%% and below 100%%, such as 5%%, or names of binds", strings.Join(words, ", "))
			}
			c.Percent = p
		case w == "":
			return Canary{}, fmt.Errorf("the name of a bind is empty")
		default:
			if _, err := path.Match(w, ""); err != nil {
				return Canary{}, fmt.Errorf("'%s' is no pattern", w)
			}
			c.Binds = append(c.Binds, w)
		}
	}
	return c, nil
}

func (c Canary) on() bool { return c.Percent > 0 || len(c.Binds) > 0 }

// String is the canary as the configuration writes it.
func (c Canary) String() string {
	if c.Percent > 0 {
		return strconv.FormatFloat(c.Percent, 'f', -1, 64) + "%"
	}
	return strings.Join(c.Binds, ", ")
}

func (c Canary) names(bind string) bool {
	return slices.ContainsFunc(c.Binds, func(p string) bool { return fits(p, bind) })
}

// choose picks the canaries among the binds of a script. Those of before, which are canaries already, stay so;
// of the others those that are bound come first, and else chance decides, by the new code's hash: not always the
// same accounts bear the risk. The error is an *esme.Error: not_found.
func (c Canary) choose(binds []*Bind, hash string, before []string) ([]*Bind, error) {
	if c.Percent == 0 {
		chosen := slices.DeleteFunc(slices.Clone(binds), func(b *Bind) bool { return !c.names(b.cfg.Name) })
		if len(chosen) == 0 {
			var names []string
			for _, b := range binds {
				names = append(names, b.cfg.Name)
			}
			return nil, &esme.Error{Code: "not_found", Message: fmt.Sprintf("no bind of the script is called '%s'; %s", c, diag.DidYouMean(c.Binds[0], names))}
		}
		return chosen, nil
	}
	rank := func(b *Bind) string {
		switch {
		case slices.Contains(before, b.cfg.Name):
			return "0"
		case b.Status().State == "bound":
			return "1"
		}
		return "2"
	}
	keys := map[*Bind]string{}
	for _, b := range binds {
		sum := sha256.Sum256([]byte(hash + b.cfg.Name))
		keys[b] = rank(b) + string(sum[:])
	}
	sorted := slices.SortedFunc(slices.Values(binds), func(a, b *Bind) int { return strings.Compare(keys[a], keys[b]) })
	chosen := sorted[:min(len(sorted), int(math.Ceil(c.Percent/100*float64(len(binds)))))]
	slices.SortFunc(chosen, func(a, b *Bind) int { return strings.Compare(a.cfg.Name, b.cfg.Name) })
	return chosen, nil
}
