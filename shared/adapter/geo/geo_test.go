package geo_test

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"waymark/shared/adapter/geo"
)

// entry is what a database has of a network.
type entry struct {
	network string
	data    any
}

// write makes a file of MaxMind's format, version 2.0, for IPv4, with records of 24 bits.
func write(t *testing.T, entries ...entry) (path string) {
	t.Helper()
	type node [2]int // of the next bit: a node from 1 on, -n for the n-th entry's data, 0 for nothing
	nodes := []node{{}}
	var data []byte
	at := map[int]int{}
	for i, e := range entries {
		prefix := netip.MustParsePrefix(e.network)
		bits := binary.BigEndian.Uint32(prefix.Addr().AsSlice())
		current := 0
		for depth := range prefix.Bits() {
			bit := bits >> (31 - depth) & 1
			switch {
			case depth == prefix.Bits()-1:
				nodes[current][bit] = -i - 1
			case nodes[current][bit] <= 0:
				nodes = append(nodes, node{})
				nodes[current][bit] = len(nodes) - 1
			}
			current = max(nodes[current][bit], 0)
		}
		at[i] = len(data)
		data = append(data, encoded(e.data)...)
	}
	var out []byte
	for _, n := range nodes {
		for _, next := range n {
			record := next
			if next <= 0 {
				record = len(nodes)
			}
			if next < 0 {
				record = len(nodes) + 16 + at[-next-1]
			}
			out = append(out, byte(record>>16), byte(record>>8), byte(record))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	out = append(out, encoded(map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1795000000),
		"database_type": "Test", "description": map[string]any{"en": "made by a test"}, "ip_version": uint16(4), "languages": []any{"en"},
		"node_count": uint32(len(nodes)), "record_size": uint16(24),
	})...)
	path = filepath.Join(t.TempDir(), "country.mmdb")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// encoded writes a value of less than 29 bytes or members.
func encoded(v any) []byte {
	const text, short, long, object = 2 << 5, 5 << 5, 6 << 5, 7 << 5
	switch v := v.(type) {
	case string:
		return append([]byte{text | byte(len(v))}, v...)
	case uint16:
		return binary.BigEndian.AppendUint16([]byte{short | 2}, v)
	case uint32:
		return binary.BigEndian.AppendUint32([]byte{long | 4}, v)
	case uint64:
		return binary.BigEndian.AppendUint64([]byte{8, 2}, v)
	case []any:
		out := []byte{byte(len(v)), 4}
		for _, item := range v {
			out = append(out, encoded(item)...)
		}
		return out
	case map[string]any:
		var names []string
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		out := []byte{object | byte(len(v))}
		for _, name := range names {
			out = append(append(out, encoded(name)...), encoded(v[name])...)
		}
		return out
	}
	panic("this test writes no such value")
}

// Each layout of the known files, an address that is in none, and what is no address.
func TestOf(t *testing.T) {
	t.Parallel()
	in := func(code string) map[string]any { return map[string]any{"iso_code": code} }
	countries, err := geo.Open(write(t,
		entry{"192.0.2.0/25", map[string]any{"country": in("FR"), "registered_country": in("US")}},
		entry{"192.0.2.128/25", map[string]any{"registered_country": in("DE")}},
		entry{"198.51.100.0/24", map[string]any{"country_code": "JP", "country": "Japan"}},
		entry{"203.0.113.7/32", map[string]any{"continent": in("EU")}},
	))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"192.0.2.7": "FR", "192.0.2.127": "FR", "192.0.2.128": "DE", "::ffff:192.0.2.7": "FR", "198.51.100.255": "JP",
		"203.0.113.7": "", "203.0.113.8": "", "10.0.0.1": "", "2001:db8::1": "", "": "", "unknown": "", "192.0.2.7:443": "",
	} {
		if got := countries.Of(address); got != want {
			t.Errorf("Of(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.mmdb")
	broken := filepath.Join(t.TempDir(), "broken.mmdb")
	if err := os.WriteFile(broken, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{none, broken} {
		if _, err := geo.Open(path); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
}
