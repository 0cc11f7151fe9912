package capture

import (
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
)

// defragmenter puts IP packets together that came in fragments.
type defragmenter struct {
	v4   *ip4defrag.IPv4Defragmenter
	v6   *ip6defrag.IPv6Defragmenter
	held map[fragmented]int // the fragments that have come of packets that are not whole
	lost int                // those of packets that were given up
}

// fragmented is a packet that comes in fragments: all of its fragments have the same.
type fragmented struct {
	hosts gopacket.Flow
	id    uint32
}

// mostHeld is how many packets may wait for the rest: of a capture that misses many fragments nobody waits for all.
const mostHeld = 4096

// hold counts a fragment that has come.
func (f *defragmenter) hold(of fragmented) {
	if f.v4 == nil || len(f.held) >= mostHeld {
		f.lost = f.missing()
		f.v4, f.v6, f.held = ip4defrag.NewIPv4Defragmenter(), ip6defrag.NewIPv6Defragmenter(), map[fragmented]int{}
	}
	f.held[of]++
}

// missing is how many fragments there are of packets that are not whole.
func (f *defragmenter) missing() int {
	n := f.lost
	for _, held := range f.held {
		n += held
	}
	return n
}

// addV4 returns what is in the packet that a fragment completes; nil as long as others are missing.
func (f *defragmenter) addV4(ip *layers.IPv4, at time.Time) (gopacket.Packet, error) {
	of := fragmented{ip.NetworkFlow(), uint32(ip.Id)}
	f.hold(of)
	whole, err := f.v4.DefragIPv4WithTimestamp(ip, at)
	if err != nil {
		f.held[of]-- // it is no fragment of it
	}
	if err != nil || whole == nil {
		return nil, err
	}
	delete(f.held, of)
	return gopacket.NewPacket(whole.Payload, whole.NextLayerType(), gopacket.DecodeOptions{NoCopy: true}), nil
}

// addV6 is addV4 for IPv6.
func (f *defragmenter) addV6(ip *layers.IPv6, fragment *layers.IPv6Fragment) gopacket.Packet {
	of := fragmented{ip.NetworkFlow(), fragment.Identification}
	f.hold(of)
	whole := f.v6.DefragIPv6(ip, fragment)
	if whole == nil {
		return nil
	}
	delete(f.held, of)
	return gopacket.NewPacket(whole.Payload, whole.NextHeader.LayerType(), gopacket.DecodeOptions{NoCopy: true})
}
