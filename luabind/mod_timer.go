package luabind

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// minInterval is the shortest interval of timer.every.
const minInterval = 10 * time.Millisecond

var messageParam = param{"message", dataType, "for handle_info"}

var timerModule = module{
	Name: "timer",
	Doc: "Messages that come again and again to handle_info. Timers belong to the session, so they survive a reload and end with the session: " +
		"start them in init, when the bind is bound, or in the code_change of the version that is the first to have them. A bind that is too busy for one misses it: at most one message of a timer waits. " +
		"For one message later there is esme.send_after.",
	Fns: []fn{
		{Name: "every", Where: changing, Params: []param{{"interval", durationType, "at least 10 ms"}, messageParam},
			Returns: []param{{"timer", optional(timerType), "to cancel it by"}, fails("limit, queue_full, stopped")},
			Doc:     "Sends a message in steady intervals; the first comes after one interval.",
			Example: `local t = assert(timer.every("1m", { event = "report" }))`,
			Do: func(c *call) int {
				d := c.duration(1, 0)
				if d < minInterval {
					c.raise("argument 1 (interval) must be at least %v, is %v", minInterval, d)
				}
				return c.timer(func(after time.Time) time.Time { return after.Add(d) })
			}},
		{Name: "cron", Where: changing, Params: []param{{"spec", stringType, `minute, hour, day of month, month, day of week; or @hourly, @daily and so on. "CRON_TZ=Europe/Berlin 0 8 * * 1-5" names a zone; it is UTC otherwise`}, messageParam},
			Returns: []param{{"timer", optional(timerType), "to cancel it by"}, fails("limit, queue_full, stopped, invalid: the time never comes")},
			Doc:     "Sends a message by the clock, as cron does. A wrong spec raises.",
			Example: `local t = assert(timer.cron("0 8 * * 1-5", { event = "office opens" }))`,
			Do: func(c *call) int {
				spec := c.str(1)
				if len(spec) > 200 {
					c.raise("the spec has %d octets, at most 200 are taken", len(spec))
				}
				c.charge(200)
				if _, every, ok := strings.Cut(spec, "@every "); ok {
					d, err := time.ParseDuration(strings.TrimSpace(every))
					if err == nil && (d < time.Second || d%time.Second != 0) {
						c.raise("the spec is wrong: @every takes whole seconds, at least 1s, and not %v; timer.every takes others", d)
					}
				}
				if !strings.HasPrefix(spec, "TZ=") && !strings.HasPrefix(spec, "CRON_TZ=") {
					spec = "CRON_TZ=UTC " + spec
				}
				s, err := cron.ParseStandard(spec)
				if err != nil {
					c.raise("the spec is wrong: %v", err)
				}
				return c.timer(s.Next)
			}},
		{Name: "cancel", Where: changing, Params: []param{{"timer", timerType, "what every or cron gave"}}, Returns: []param{{"ran", booleanType, "whether it was running"}},
			Doc: "Ends a timer. None of its messages comes after that.",
			Example: `local t = assert(timer.every("1m", "tick"))
assert(timer.cancel(t) and not timer.cancel(t))`,
			Do: timerCancel},
	},
	Kinds: []*kind{&timerKind},
}

// timerValue is a timer as scripts hold it: in the state too, over a reload.
type timerValue struct{ r *repeating }

// Into gives the timer's value in another state.
func (t *timerValue) Into(*lua.LState) lua.LValue {
	return vm.NewUserData(t, timerMeta)
}

// Size is that of the timer. Its message counts with those that wait (Handler.room) as long as it runs.
func (t *timerValue) Size() int { return 300 }

// String names it.
func (t *timerValue) String() string { return "timer" }

var (
	timerType = userType[*timerValue]("a timer", "Timer")
	timerKind = kind{Name: "Timer", Var: "t", Doc: "A timer that runs. It may be kept in the state, over a reload too.",
		Methods: []fn{{Name: "cancel", Where: changing, Returns: []param{{"ran", booleanType, "whether it was running"}}, Doc: "Ends the timer, as timer.cancel does.",
			Example: `local t = assert(timer.every("1m", "tick"))
assert(t:cancel())`,
			Do: timerCancel}}}
	timerMeta *lua.LTable
)

func init() { timerMeta = timerKind.objects(timerType, nil) }

// timer starts a timer with the message that is argument 2.
func (c *call) timer(next func(after time.Time) time.Time) int {
	r, err := c.gen.handler.repeat(c.gen.bind.now(), next, c.data(2))
	if err == nil {
		err = c.gen.arm("limit", r.message, r.start)
	}
	if err != nil {
		return c.fail(err)
	}
	return c.push((&timerValue{r}).Into(nil))
}

func timerCancel(c *call) int {
	r := user[*timerValue](c, 1).r
	if c.gen.changes {
		return c.push(lua.LBool(c.gen.staged.cancel(r)))
	}
	return c.push(lua.LBool(r.cancel()))
}
