package esme

import "runtime"

// WaitsForRoom waits until somebody waits for room in the queue of s, or the session has ended.
func WaitsForRoom(s *Session) bool {
	for {
		s.mu.Lock()
		waits, ended := s.room != nil, s.ended
		s.mu.Unlock()
		if waits || ended {
			return waits
		}
		runtime.Gosched()
	}
}
