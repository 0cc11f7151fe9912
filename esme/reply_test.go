package esme

import (
	"runtime"
	"testing"
	"weak"
)

// An answer that nobody waits for any more is not kept with the handle, whichever of the two is first.
func TestAnAnswerThatComesTooLateIsNotKept(t *testing.T) {
	for _, first := range []string{"the caller gives up", "the answer"} {
		from := &From{reply: make(chan callResult, 1)}
		value := new([1 << 20]byte)
		kept := weak.Make(value)
		if first == "the answer" {
			from.Reply(value)
			from.giveUp()
		} else {
			from.giveUp()
			if !from.Reply(value) {
				t.Error("it is refused")
			}
		}
		value = nil
		if runtime.GC(); kept.Value() != nil {
			t.Errorf("%s first: it is kept", first)
		}
		if from.Reply(1) {
			t.Error("a second answer is taken")
		}
		runtime.KeepAlive(from)
	}
}
