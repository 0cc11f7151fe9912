package smsc

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// schedule runs functions later, in the order in which they are due: one goroutine and one timer for all.
type schedule struct {
	mu    sync.Mutex
	queue dueQueue
	n     int
	wake  chan struct{}
}

type dueFunc struct {
	at time.Time
	n  int // keeps the order of those due at once
	do func()
}

type dueQueue []dueFunc

func (q dueQueue) Len() int { return len(q) }
func (q dueQueue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].n < q[j].n
}
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)   { *q = append(*q, x.(dueFunc)) }
func (q *dueQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = dueFunc{}
	*q = old[:len(old)-1]
	return x
}

func (s *schedule) init() { s.wake = make(chan struct{}, 1) }

// after runs do when d has passed.
func (s *schedule) after(d time.Duration, do func()) {
	s.mu.Lock()
	s.n++
	heap.Push(&s.queue, dueFunc{at: time.Now().Add(d), n: s.n, do: do})
	first := s.queue[0].n == s.n
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (s *schedule) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		next := time.Hour
		for {
			s.mu.Lock()
			if len(s.queue) == 0 {
				s.mu.Unlock()
				break
			}
			if next = time.Until(s.queue[0].at); next > 0 {
				s.mu.Unlock()
				break
			}
			f := heap.Pop(&s.queue).(dueFunc)
			s.mu.Unlock()
			f.do()
			next = time.Hour
		}
		timer.Reset(next)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}
