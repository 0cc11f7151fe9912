package host

import (
	"os"
	"time"
)

// stamp says whether a file may have changed, without reading it. Links are followed: a link that points
// elsewhere is another file.
type stamp struct {
	missing bool
	size    int64
	written time.Time
	id      fileID
}

// clockGrain is how coarse the clocks of file systems are, generously: a file that was written so shortly
// before it was read may change again and look the same.
const clockGrain = 2 * time.Second

func stampOf(path string) stamp {
	st, err := os.Stat(path)
	if err != nil {
		return stamp{missing: true}
	}
	return stamp{size: st.Size(), written: st.ModTime(), id: idOf(st)}
}

// look is a stamp from before a file was read.
type look struct {
	stamp
	early bool // it was read so soon after it was written that the stamp proves nothing
}

func lookAt(path string, now time.Time) look {
	s := stampOf(path)
	age := now.Sub(s.written)
	return look{s, !s.missing && age < clockGrain && age > -time.Hour} // a server's clock may be a little ahead
}

// stale reports whether the file may have changed since it was read.
func (l look) stale(path string) bool { return l.early || stampOf(path) != l.stamp }
