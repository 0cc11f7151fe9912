package esme_test

import (
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/esme"
)

// C7: a connection comes from the address and port that are given, and so does the next one, although this side closed the
// first and the system holds its port in TIME-WAIT.
func TestSourcePortIsUsedAgain(t *testing.T) {
	if on, err := os.ReadFile("/proc/sys/net/ipv4/tcp_timestamps"); err == nil && strings.TrimSpace(string(on)) == "0" {
		t.Skip("this machine has no TCP timestamps: the port waits for the end of TIME-WAIT")
	}
	free := listen(t, "127.0.0.1:0")
	source := free.Addr().String()
	free.Close()
	l := listen(t, "127.0.0.1:0")
	for range 3 {
		if runtime.GOOS != "linux" {
			l = listen(t, "127.0.0.1:0") // another SMSC: to the same one other systems may wait
		}
		conn, err := esme.Dial(t.Context(), l.Addr().String(), esme.Config{SourceAddress: source})
		if err != nil {
			t.Fatal(err)
		}
		p := acceptFrom(t, l)
		if got := p.conn.RemoteAddr().String(); got != source {
			t.Fatalf("it came from %s, want %s", got, source)
		}
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, p.conn)
		p.close()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
}
