package collect

import "net/netip"

// How many bits of an address are kept of a visitor: what many households share.
const (
	keptBits4 = 24
	keptBits6 = 48
)

// networkOf is the network that an address lies in, such as 203.0.113.0/24 or 2001:db8:1::/48; "" for what is no address. It is kept so that what one
// network has sent can be taken out again.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := keptBits6
	if ip.Is4() {
		bits = keptBits4
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
