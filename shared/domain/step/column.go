package step

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Column is a part of a row that a reader may ask for. Its number is its place in a Columns. Person, time and type are always there.
type Column int

// The columns, by the names of docs/steps.md. Order stands for all that an order says of itself, OrderOrigin for what it is counted by.
const (
	Identifier Column = iota
	MessageID
	Source
	Grade
	Event
	Channel
	Campaign
	Country
	Device
	Browser
	OS
	Page
	SessionChannel
	SessionCampaign
	SessionCountry
	LandingPage
	ReferrerHost
	ReferrerSource
	ReferrerMedium
	SearchTerm
	StageBefore
	Stage
	Visitor
	FirstChannel
	FirstMonth
	OrderMonth
	Properties

	Session
	SessionStart
	SessionPages
	SessionSeconds
	FirstEver
	OrderMoney
	OrderOrigin

	columns  = iota
	lastText = Properties
)

var columnNames = [columns]string{
	"identifier", "message_id", "source", "grade", "event", "channel", "campaign", "country", "device", "browser", "os", "page",
	"session_channel", "session_campaign", "session_country", "landing_page", "referrer_host", "referrer_source", "referrer_medium", "search_term",
	"stage_before", "stage", "visitor", "first_channel", "first_month", "order_month", "properties",
	"session", "session_start", "session_pages", "session_seconds", "first_ever", "order", "order_origin",
}

// String is the name of the column.
func (c Column) String() string { return columnNames[c] }

// IsText says whether the column is a text, see Text.
func (c Column) IsText() bool { return c >= 0 && c <= lastText }

// TextColumns lists the columns that are texts.
func TextColumns() []Column {
	out := make([]Column, lastText+1)
	for i := range out {
		out[i] = Column(i)
	}
	return out
}

// FindColumn gives the column of a name.
func FindColumn(name string) (Column, bool) {
	i := slices.Index(columnNames[:], name)
	return Column(i), i >= 0
}

// Text is where the row keeps a text column. It panics for another.
func (c Column) Text(r *Row) *string {
	switch c {
	case Identifier:
		return (*string)(&r.Identifier)
	case MessageID:
		return (*string)(&r.ID)
	case Source:
		return &r.Source
	case Grade:
		return &r.Grade
	case Event:
		return &r.Event
	case Channel:
		return &r.Channel
	case Campaign:
		return &r.Campaign
	case Country:
		return &r.Country
	case Device:
		return &r.Device
	case Browser:
		return &r.Browser
	case OS:
		return &r.OS
	case Page:
		return &r.Page
	case SessionChannel:
		return &r.SessionChannel
	case SessionCampaign:
		return &r.SessionCampaign
	case SessionCountry:
		return &r.SessionCountry
	}
	return c.laterText(r)
}

func (c Column) laterText(r *Row) *string {
	switch c {
	case LandingPage:
		return &r.LandingPage
	case ReferrerHost:
		return &r.Referrer.Host
	case ReferrerSource:
		return &r.Referrer.Source
	case ReferrerMedium:
		return &r.Referrer.Medium
	case SearchTerm:
		return &r.Referrer.Term
	case StageBefore:
		return &r.StageBefore
	case Stage:
		return &r.Stage
	case Visitor:
		return &r.Visitor
	case FirstChannel:
		return &r.FirstChannel
	case FirstMonth:
		return &r.FirstMonth
	case OrderMonth:
		return &r.OrderMonth
	case Properties:
		return (*string)(&r.Properties)
	}
	panic(fmt.Sprintf("step: %s is no text", c))
}

// Columns is a set of columns.
type Columns uint64

// ColumnsOf is a set of some columns.
func ColumnsOf(of ...Column) Columns {
	var out Columns
	for _, c := range of {
		out |= 1 << c
	}
	return out
}

// AllColumns is all that a row has.
const AllColumns Columns = 1<<columns - 1

// Has says whether a column is in the set. An order's origin comes with the order.
func (s Columns) Has(c Column) bool { return s&(1<<c) != 0 }

// With is the set and some columns more.
func (s Columns) With(more ...Column) Columns { return s | ColumnsOf(more...) }

// List gives the columns in their order.
func (s Columns) List() []Column {
	var out []Column
	for ; s != 0; s &= s - 1 {
		out = append(out, Column(bits.TrailingZeros64(uint64(s))))
	}
	return out
}

// String lists the names.
func (s Columns) String() string {
	var names []string
	for _, c := range s.List() {
		names = append(names, c.String())
	}
	return strings.Join(names, " ")
}

// Only empties every other column of a row, as it reads to somebody who asked for these.
func (s Columns) Only(r Row) Row {
	out := Row{Person: r.Person, At: r.At, Type: r.Type}
	for _, c := range s.List() {
		if c.IsText() {
			*c.Text(&out) = *c.Text(&r)
		}
	}
	if s.Has(Session) {
		out.Session = r.Session
	}
	if s.Has(SessionStart) {
		out.SessionStart = r.SessionStart
	}
	if s.Has(SessionPages) {
		out.SessionPages = r.SessionPages
	}
	if s.Has(SessionSeconds) {
		out.SessionSeconds = r.SessionSeconds
	}
	if s.Has(FirstEver) {
		out.FirstEver = r.FirstEver
	}
	if (s.Has(OrderMoney) || s.Has(OrderOrigin)) && r.Order != nil {
		order := *r.Order
		if !s.Has(OrderOrigin) {
			order.Origin = Origin{}
		}
		out.Order = &order
	}
	return out
}
