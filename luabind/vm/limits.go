package vm

import (
	"math"
	"time"
)

// Unlimited switches a limit off.
const Unlimited = math.MaxInt64

// Limits bound what the scripts of one bind may use. Zero means the default, [Unlimited] none. The names
// of the options are those that the messages of a limit that tripped tell.
type Limits struct {
	Instructions     int64         // limits.instructions: of a callback; 1,000,000
	Time             time.Duration // limits.time: of a callback; 50 ms in which it really ran
	InitInstructions int64         // limits.init_instructions: of init; ten times a callback's
	InitTime         time.Duration // limits.init_time: of init; ten times a callback's
	TaskInstructions int64         // limits.task_instructions: of a task between two waits; as a callback
	TaskTime         time.Duration // limits.task_time: likewise
	LoadInstructions int64         // limits.load_instructions: of loading a script; 10,000,000
	LoadTime         time.Duration // limits.load_time: likewise; 500 ms

	Memory  int64 // limits.memory: octets that a state holds; 64 MiB
	Tasks   int   // limits.tasks: at once; 100
	Timers  int   // limits.timers: messages that are on their way to the bind itself; 10,000
	LogRate int   // limits.log_rate: lines a second, twice as many at once; 100
	Metrics int   // limits.metrics: series of a bind, that is names with their labels; 1,000
}

// WithDefaults returns the limits with every zero replaced.
func (l Limits) WithDefaults() Limits {
	set(&l.Instructions, 1_000_000)
	set(&l.Time, 50*time.Millisecond)
	set(&l.InitInstructions, times(l.Instructions, 10))
	set(&l.InitTime, times(l.Time, 10))
	set(&l.TaskInstructions, l.Instructions)
	set(&l.TaskTime, l.Time)
	set(&l.LoadInstructions, 10_000_000)
	set(&l.LoadTime, 500*time.Millisecond)
	set(&l.Memory, 64<<20)
	set(&l.Tasks, 100)
	set(&l.Timers, 10_000)
	set(&l.LogRate, 100)
	set(&l.Metrics, 1000)
	return l
}

func set[T ~int | ~int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// times is v*n without overflow.
func times[T ~int64](v, n T) T {
	if v > math.MaxInt64/n {
		return math.MaxInt64
	}
	return v * n
}

// allowance is what one run may use, and how the options that say so are called.
type allowance struct {
	instructions     int64
	time             time.Duration
	instructionsName string
	timeName         string
}

func (l *Limits) callback() allowance {
	return allowance{l.Instructions, l.Time, "limits.instructions", "limits.time"}
}

func (l *Limits) init() allowance {
	return allowance{l.InitInstructions, l.InitTime, "limits.init_instructions", "limits.init_time"}
}

func (l *Limits) task() allowance {
	return allowance{l.TaskInstructions, l.TaskTime, "limits.task_instructions", "limits.task_time"}
}

func (l *Limits) load() allowance {
	return allowance{l.LoadInstructions, l.LoadTime, "limits.load_instructions", "limits.load_time"}
}
