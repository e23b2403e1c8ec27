package channel

import (
	"slices"
	"strings"
)

// ClickIDs lists the click id parameters that FromURL knows, in lower case. Of several in one address the first of this
// list counts: ids that only an advertisement adds stand before ids that a network adds to every link.
func ClickIDs() []string { return slices.Clone(clickIDs[:]) }

var clickIDs = [...]string{
	"gclid", "gbraid", "wbraid", "dclid", "msclkid", "yclid", "ttclid", "twclid", "li_fat_id", "sccid", "rdt_cid", "epik",
	"irclickid", "awc", "cjevent", "srsltid", "mc_eid", "mkt_tok", "_hsenc", "_kx", "fbclid", "igshid",
}

// FromURL reads the campaign parameters (utm_source, utm_medium, utm_campaign, utm_term, utm_content) and the click id of a
// page's address, and keeps the address as Page. A parameter given twice counts as first given; an empty one is not given. What the query lacks
// may stand in the fragment (#utm_source=…, #/path?utm_source=…, #!utm_source=…), where pages that load once keep theirs.
func FromURL(pageURL string) Signals {
	address, fragment, _ := strings.Cut(plainAmpersands(pageURL), "#")
	_, query, _ := strings.Cut(address, "?")
	s := tagsIn(query)
	if fragment != "" {
		fragment = strings.ReplaceAll(fragment, "#", "&")
		_, inner, _ := strings.Cut(fragment, "?")
		s = s.Or(tagsIn(inner)).Or(tagsIn(strings.TrimLeft(fragment, "!/")))
	}
	s.Page = pageURL
	return s
}

// tagsIn reads the campaign parameters and the click id of a query.
func tagsIn(query string) Signals {
	var s Signals
	best := len(clickIDs)
	for name, value := range pairs(query) {
		if value == "" {
			continue
		}
		name = strings.ToLower(name)
		if field := s.campaignField(name); field != nil {
			if *field == "" {
				*field = unescape(value)
			}
			continue
		}
		if rank := slices.Index(clickIDs[:], name); rank >= 0 && rank < best {
			best, s.ClickID = rank, name
		}
	}
	return s
}

func (s *Signals) campaignField(parameter string) *string {
	switch parameter {
	case "utm_source":
		return &s.Source
	case "utm_medium":
		return &s.Medium
	case "utm_campaign":
		return &s.Campaign
	case "utm_term":
		return &s.Term
	case "utm_content":
		return &s.Content
	}
	return nil
}
