package vm

import (
	"context"
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// task is a Lua function that runs beside the callbacks, in turns with them, and may wait.
type task struct{ name string }

// Go starts a task that calls fn(args...). It gets its first turn when the present one ends.
func (s *State) Go(name string, fn *lua.LFunction, args ...lua.LValue) error {
	if s.ctx.Err() != nil {
		return fmt.Errorf("the state is closed")
	}
	if len(s.tasks) >= s.limits.Tasks {
		return fmt.Errorf("%d tasks run already (limits.tasks)", len(s.tasks))
	}
	t := &task{name: name}
	s.tasks[t] = struct{}{}
	args = append([]lua.LValue(nil), args...)
	go s.runTask(t, fn, args)
	return nil
}

func (s *State) runTask(t *task, fn *lua.LFunction, args []lua.LValue) {
	s.mu.Lock()
	var err *Error
	if s.ctx.Err() == nil {
		th := s.thread()
		s.begin(t, s.limits.Time, "time")
		_, err = s.run(th, fn, 0, args...)
		s.putThread(th)
	}
	s.task = nil
	delete(s.tasks, t)
	s.mu.Unlock()
	if err != nil && err.Kind != Closed && s.failed != nil {
		s.failed(t.name, err)
	}
}

// Tasks is the number of tasks that have not ended. It may be called without the lock.
func (s *State) Tasks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tasks)
}

// Wait lets a task wait: the state is free for others while wait runs, then the task takes its turn
// again with a fresh budget. wait must return when its context ends; the task is then ended, and no pcall
// keeps it alive.
func (s *State) Wait(L *lua.LState, wait func(ctx context.Context)) {
	t, depth, current := s.task, s.depth, L.G.CurrentThread
	s.task = nil
	s.mu.Unlock()
	wait(s.ctx)
	s.mu.Lock()
	s.begin(t, s.limits.Time, "time")
	s.depth = depth
	L.G.CurrentThread = current
	if s.ctx.Err() != nil {
		s.budget.trip(Closed)
		L.RaiseError("the state was closed")
	}
}
