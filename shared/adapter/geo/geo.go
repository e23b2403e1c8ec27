// Package geo looks up in which country an address of the internet is, in a local file of MaxMind's format: GeoLite2 Country or City, DB-IP Lite, IPinfo
// Lite and their like. It keeps no address and knows nothing of persons.
//
//	countries, err := geo.Open("/opt/country.mmdb")
//	code := countries.Of("192.0.2.7") // "FR"
package geo

import (
	"fmt"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Countries answer the country of addresses. They may be used by many goroutines.
type Countries struct{ reader *maxminddb.Reader }

// Open opens a file, which is mapped into memory and not read. Error: what the system or the format says, with the path.
func Open(path string) (*Countries, error) {
	reader, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the database of countries: %w", err)
	}
	return &Countries{reader}, nil
}

// paths are where the files have the code of a country, the first that is there counts: where the address is used, else where it is registered; IPinfo
// has it on top.
var paths = [...][]any{{"country", "iso_code"}, {"registered_country", "iso_code"}, {"country_code"}}

// Of answers the code by ISO 3166-1 of the country in which an address is; "" for what is no address, or not known.
func (c *Countries) Of(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	result := c.reader.Lookup(ip.Unmap())
	for _, path := range paths {
		var code string
		if err := result.DecodePath(&code, path...); err == nil && code != "" {
			return code
		}
	}
	return ""
}
