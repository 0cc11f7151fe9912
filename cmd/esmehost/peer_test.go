package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/esmehost/esmehost/pdu"
)

// peer is a program of the test scripts: an SMSC that does what the simulator would not. It answers each bind with
// --status and then, with --close, ends the session; it tells who connected. With --cert, --key it speaks TLS, of
// --tls at most.
func peer() {
	address := flag.String("listen", "", "")
	cert, key := flag.String("cert", "", ""), flag.String("key", "", "")
	newest := flag.String("tls", "1.3", "")
	status := flag.Int("status", 0, "")
	brief := flag.Bool("close", false, "")
	flag.Parse()
	l, err := net.Listen("tcp", *address)
	if err == nil && *cert != "" {
		var pair tls.Certificate
		pair, err = tls.LoadX509KeyPair(*cert, *key)
		versions := map[string]uint16{"1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: versions[*newest]})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go serve(conn, pdu.Status(*status), *brief)
	}
}

func serve(conn net.Conn, status pdu.Status, brief bool) {
	defer conn.Close()
	fmt.Println("connection from", conn.RemoteAddr())
	head := make([]byte, pdu.HeaderLen)
	if _, err := io.ReadFull(conn, head); err != nil {
		fmt.Println(err)
		return
	}
	n, _ := pdu.FrameLength(head, 1024)
	if _, err := io.ReadFull(conn, make([]byte, n-len(head))); err != nil {
		return
	}
	var bind pdu.PDU
	bind.Decode(head)
	id, ok := bind.CommandID().Response()
	if !ok {
		return
	}
	cmd, _ := pdu.CommandByID(id)
	b := pdu.NewBuilder(cmd)
	b.SetStatus(status)
	b.SetSequence(bind.SequenceNumber())
	conn.Write(b.Build().AppendTo(nil))
	fmt.Println("bind answered", status)
	if !brief {
		io.Copy(io.Discard, conn)
	}
}
