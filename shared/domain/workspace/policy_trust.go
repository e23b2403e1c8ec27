package workspace

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// Trust is what a source may say that nobody else confirms. Package trust holds events against it.
type Trust struct {
	Identity Identity     `json:"identity,omitempty"`  // of a site: whom its events may name
	Accept   int          `json:"accept,omitempty"`    // of a site: how many days an event may lie before its receipt; 0 = usualAccept
	MaxOrder money.Micros `json:"max_order,omitempty"` // the largest amount of one order, in the order's own currency; 0 = no limit
}

// Identity says whom the events of a site may name: "" anybody, whom everybody with the site's key can name too.
type Identity string

// SignedUsers are users, and e-mail addresses, that the site's server has signed; nobody else is named.
const SignedUsers Identity = "signed"

const (
	usualAccept = 30
	maxAccept   = 400
)

// Accepts is how long before its receipt a site's event may have happened.
func (t Trust) Accepts() time.Duration {
	return time.Duration(cmp.Or(t.Accept, usualAccept)) * 24 * time.Hour
}

// trustSettings are the fields of Trust as people set them.
func trustSettings() []Setting {
	return []Setting{
		{
			Name: "identity", Values: "open|signed", About: "whom a site's events may name: anybody, or users its server has signed",
			set:  func(p *Policy, text string) error { return setWord(&p.Identity, "open", SignedUsers, "identity", text) },
			text: func(p Policy) string { return cmp.Or(string(p.Identity), "open") },
		},
		{
			Name: "accept", Values: "N", About: "days that a site's event may lie before its receipt, 1 to 400; 30 unless said",
			set:  func(p *Policy, text string) error { return p.setAccept(text) },
			text: func(p Policy) string { return fmt.Sprint(cmp.Or(p.Accept, usualAccept)) },
		},
		{
			Name: "max-order", Values: "AMOUNT|off", About: "the largest amount of one order, in its own currency",
			set:  func(p *Policy, text string) error { return p.setMaxOrder(text) },
			text: Policy.maxOrderText,
		},
	}
}

func (p *Policy) setAccept(text string) error {
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > maxAccept {
		return fault.Newf(fault.Invalid, "bad_accept", "accept is a whole number of days from 1 to %d, not %q", maxAccept, text)
	}
	if p.Accept = days; days == usualAccept {
		p.Accept = 0
	}
	return nil
}

func (p *Policy) setMaxOrder(text string) error {
	if text == "off" {
		p.MaxOrder = 0
		return nil
	}
	amount, err := money.Parse(text)
	if err != nil || amount <= 0 {
		return fault.Newf(fault.Invalid, "bad_max_order", "max-order is an amount above 0 such as 5000 or 999.99, or off; not %q", text)
	}
	p.MaxOrder = amount
	return nil
}

func (p Policy) maxOrderText() string {
	if p.MaxOrder == 0 {
		return "off"
	}
	return p.MaxOrder.String()
}
