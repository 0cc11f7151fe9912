package esme

import "runtime"

// Number makes n the sequence number that s gave last.
func Number(s *Session, n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m.window.last = n
}

// Waiting reports whether somebody waits for room.
func Waiting(s *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room != nil || s.replyRoom != nil
}

// WaitsForRoom waits until somebody waits for room in the queue of s, or the session has ended.
func WaitsForRoom(s *Session) bool {
	for {
		s.mu.Lock()
		waits, ended := s.room != nil || s.replyRoom != nil, s.ended
		s.mu.Unlock()
		if waits || ended {
			return waits
		}
		runtime.Gosched()
	}
}
