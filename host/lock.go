package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// lock keeps a second host from what only one may use. The kernel lets go of it when the process ends, however that
// happens. What is written in its file is taken out by an end in order only: whoever finds it there knows that the
// last holder was killed.
type lock struct {
	file     *os.File
	unmarked error // what kept the holder from being noted: the lock holds all the same
}

// holder is who holds a lock, or did.
type holder struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
}

// errLocked is what lockFile's open returns when another process holds the lock.
var errLocked = errors.New("locked")

// lockFile takes the lock at path. killed is the last holder, if it did not end in order. The error names who holds
// it, if somebody does: then held is true.
func lockFile(path string) (l *lock, killed *holder, held bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, false, err
	}
	err = flock(f)
	src, _ := io.ReadAll(io.LimitReader(f, 4096))
	var who holder
	known := json.Unmarshal(src, &who) == nil
	if err != nil {
		f.Close()
		switch {
		case !errors.Is(err, errLocked):
			return nil, nil, false, fmt.Errorf("%s cannot be locked: %w", path, err)
		case known:
			return nil, nil, true, fmt.Errorf("another host (process %d, since %s)", who.PID, who.Started.Local().Format(time.DateTime))
		}
		return nil, nil, true, errors.New("another host")
	}
	l = &lock{file: f}
	if len(src) > 0 {
		killed = &who // cut short or not: somebody did not end in order
	}
	me, err := json.Marshal(holder{os.Getpid(), time.Now()})
	if err == nil {
		err = l.write(append(me, '\n'))
	}
	l.unmarked = err
	return l, killed, false, nil
}

// write replaces what the file holds, on the disk too.
func (l *lock) write(b []byte) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	if _, err := l.file.WriteAt(b, 0); err != nil {
		return err
	}
	return l.file.Sync()
}

// release gives the lock up. An end in order leaves nothing in the file. It is not removed: another host may have
// opened it, and wait.
func (l *lock) release(inOrder bool) error {
	if l == nil {
		return nil
	}
	var err error
	if inOrder {
		err = l.write(nil)
	}
	return errors.Join(err, l.file.Close())
}
