package capture

import (
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// The kinds of link (www.tcpdump.org/linktypes.html) that gopacket has no decoder for, or only on some systems: an IP packet
// and nothing before it.
var rawLinks = map[layers.LinkType]gopacket.Decoder{
	12:                    layers.LinkTypeRaw, // DLT_RAW as it stands in files of most systems
	14:                    layers.LinkTypeRaw, // and of OpenBSD
	layers.LinkTypeIPv4:   layers.LayerTypeIPv4,
	layers.LinkTypeIPv6:   layers.LayerTypeIPv6,
	linkTypePPPWithHeader: layers.LinkTypePPP,
}

const linkTypePPPWithHeader = 50 // of HDLC, FF 03, which the decoder of PPP knows

// decoderOf returns what reads the packets of a kind of link; false for one that is not known.
func decoderOf(link layers.LinkType) (gopacket.Decoder, bool) {
	if d, ok := rawLinks[link]; ok {
		return d, true
	}
	if link >= layers.LinkTypeMax || layers.LinkTypeMetadata[link].DecodeWith == nil {
		return nil, false
	}
	return link, true
}
