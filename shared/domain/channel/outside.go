package channel

import (
	"strings"

	"waymark/shared/domain/event"
)

// Outside is the page or app, outside the site, that a touchpoint's referrer names. The zero Outside is none.
type Outside struct {
	Host   string // in lower case, without www.; of an app its id
	Source string // name of the place, such as Google; the host where no list knows it
	Medium string // what kind of place it is: search, social, email, …; referral where nobody knows
	Term   string // what was searched for, where the address still says so; MaxTermBytes at most
}

// MaxTermBytes bounds a search term.
const MaxTermBytes = 128

// maxHostBytes is the most that DNS allows.
const maxHostBytes = 253

// Outside answers where the referrer of a touchpoint is from. A page of the same site, a place where people only pass through and what is no address
// are nowhere; of a mirror it is the site that the mirror shows.
func (r *Rules) Outside(t event.Touchpoint) Outside {
	if t.Marketing.Referrer == "" {
		return Outside{}
	}
	from, h, ok := r.outside(Signals{Referrer: t.Marketing.Referrer, Page: t.Page})
	if !ok {
		return Outside{}
	}
	host := clipped(strings.TrimPrefix(from.host, "www."), maxHostBytes)
	if !h.isKnown {
		return Outside{Host: host, Source: host, Medium: string(Referral)}
	}
	return Outside{Host: host, Source: clipped(h.source, maxHostBytes), Medium: h.medium, Term: strings.TrimSpace(clipped(h.term, MaxTermBytes))}
}

func clipped(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
