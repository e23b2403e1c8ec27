package redact

import (
	"net/netip"
	"strings"
)

// IP truncates an address of a computer to its network: /24 of IPv4, /48 of IPv6, an IPv4 address in IPv6 as the IPv4
// address that it is. Of a list, as proxies write it, each address is truncated. What is no address stays as it is.
func IP(text string) string {
	if strings.Contains(text, ",") {
		list := strings.Split(text, ",")
		for i, one := range list {
			list[i] = IP(strings.TrimSpace(one))
		}
		return strings.Join(list, ", ")
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[] "))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return text
		}
		address = withPort.Addr()
	}
	return Network(address).Addr().String()
}

// Network is the network that IP truncates an address to. Zero for the zero address.
func Network(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 48
	if address.Is4() {
		bits = 24
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
