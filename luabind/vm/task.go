package vm

import (
	"context"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// task is a Lua function that runs beside the callbacks, in turns with them, and may wait.
type task struct {
	name    string
	args    []lua.LValue  // of one that has not started
	threads []*lua.LState // of one that waits
	owed    bool          // it has not heard the answer that it asked for
}

// Go starts a task that calls fn(args...). It gets its first turn when the present one ends.
func (s *State) Go(name string, fn *lua.LFunction, args ...lua.LValue) error {
	if s.ctx.Err() != nil {
		return fmt.Errorf("the state is closed")
	}
	if len(s.tasks) >= s.limits.Tasks {
		return fmt.Errorf("%d tasks run already (limits.tasks)", len(s.tasks))
	}
	t := &task{name: name, args: append([]lua.LValue{fn}, args...)}
	s.tasks[t] = struct{}{}
	go s.runTask(t)
	return nil
}

func (s *State) runTask(t *task) {
	s.mu.Lock()
	var err *Error
	if s.ctx.Err() == nil && !s.poisoned {
		th := s.thread()
		s.running = append(s.running[:0], th)
		args := t.args
		t.args = nil
		_, err = s.turn(t, s.limits.task(), th, args[0], 0, args[1:])
		s.running = s.running[:0]
	}
	s.task = nil
	s.heard(t)
	delete(s.tasks, t)
	if s.retired && len(s.tasks) == 0 {
		s.Close()
	}
	s.mu.Unlock()
	if err != nil && err.Kind != Closed && s.hooks.TaskFailed != nil {
		s.hooks.TaskFailed(t.name, err)
	}
}

// Tasks is the number of tasks that have not ended. It may be called without the lock.
func (s *State) Tasks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tasks)
}

// Retire closes the state as soon as it has no tasks, and reports whether that is now. It may be called
// without the lock.
func (s *State) Retire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	if len(s.tasks) == 0 {
		s.Close()
	}
	return len(s.tasks) == 0
}

// Wait lets a task wait: the state is free for others while wait runs, then the task takes its turn
// again with a fresh budget. wait must return when its context ends; the task is then ended, and no pcall
// keeps it alive. A task that ran for long waits at least as long, so that it leaves room for others.
func (s *State) Wait(L *lua.LState, wait func(ctx context.Context)) {
	s.Ask(L, false, func(ctx context.Context) bool { wait(ctx); return false })
}

// Ask is Wait for an answer. A task that has got one hears it in its turn, even if the state was closed meanwhile, and ends
// with its next wait. Settle waits for those that surely get one.
func (s *State) Ask(L *lua.LState, surely bool, ask func(ctx context.Context) (answered bool)) {
	s.heard(s.task)
	if s.settling || s.ctx.Err() != nil {
		s.closed(L)
	}
	if s.task.owed = surely; surely {
		s.owed++
	}
	t, depth, nested, current := s.task, s.depth, s.frames, L.G.CurrentThread
	t.threads = append(t.threads[:0], s.running...)
	s.ran()
	ran := s.budget.active
	s.task, s.running = nil, s.running[:0]
	s.used += s.budget.used()
	s.survey.since += s.budget.used()
	s.stands()
	s.mu.Unlock()

	began := clock()
	answered := ask(s.ctx)
	if rest := ran - (clock() - began); rest > 0 {
		pause(s.ctx, rest)
	}

	s.mu.Lock()
	s.begin(t, s.limits.task())
	s.runs()
	s.depth, s.frames = depth, nested
	s.running = append(s.running[:0], t.threads...)
	clear(t.threads)
	t.threads = t.threads[:0]
	L.G.CurrentThread = current
	s.budget.runsOn(L)
	if s.poisoned || s.ctx.Err() != nil && !answered {
		s.closed(L)
	}
}

// closed ends the task that runs.
func (s *State) closed(L *lua.LState) {
	s.budget.trip(Closed)
	L.RaiseError("the state was closed")
}

// heard says that the task is through with the turn in which it heard an answer.
func (s *State) heard(t *task) {
	if !t.owed {
		return
	}
	t.owed = false
	if s.owed--; s.owed == 0 && s.settled != nil {
		close(s.settled)
		s.settled = nil
	}
}

// Settle gives those tasks their last turn who have been told, or are about to be, what they surely get an answer to. No
// task waits again. It may be called without the lock.
func (s *State) Settle() {
	s.mu.Lock()
	s.settling = true
	settled := make(chan struct{})
	if s.owed == 0 {
		close(settled)
	} else {
		s.settled = settled
	}
	s.mu.Unlock()
	<-settled
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
