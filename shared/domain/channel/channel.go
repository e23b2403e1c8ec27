// Package channel answers through which channel a touchpoint came: paid search, e-mail, the till of a shop, …
//
// It reads the signals a touchpoint carries (a channel named by the sender, campaign parameters, a click id, the referrer)
// by rules that are data. It does not fetch, does not count, and does not carry a channel from one touchpoint to the next:
// a touchpoint without a sign of its own gets the empty name, and whoever knows the session decides what that means.
//
//	rules, err := channel.New(config)
//	name := rules.Of(channel.FromURL("https://shop.example/?utm_source=google&utm_medium=cpc")) // "paid_search"
//
// # Order of precedence
//
//  1. Explicit: a name or synonym in properties.channel, else context.channel. Platforms (web, mobile, app, server) and
//     unknown words there are no sign.
//  2. Campaign: source and medium as sent; what is missing of the two comes from the click id. So a click id beats the
//     referrer, and a tagged source or medium beats the click id.
//  3. Referrer: an outside page or app, as source and medium, together with a campaign name that came alone. A mirror
//     (translator, cache, archive) is the site that it shows.
//  4. Nothing: the empty name. An internal link, a garbled referrer and an empty one are all nothing, and so are places
//     where people only pass through: payment pages, sign-in pages, mirrors that do not say what they show.
//
// What 2 or 3 gives goes through the rules, first match wins. Beside a medium that was sent and names its kind, such as
// email, the campaign's name is no sign. A medium that no rule knows is looked up among the explicit
// names ("flyer" is print); a campaign that is still unknown is unassigned, as in Google Analytics, never direct.
//
// # Groups
//
// The groups are the default channel groups of Google Analytics 4 in their order of evaluation, and the ones they lack.
//
//	direct               tagged as direct; nothing else makes a touchpoint direct here
//	cross_network        campaign name contains "cross-network"
//	paid_shopping        shopping site or shop campaign, paid medium
//	paid_search          search engine, paid medium
//	paid_social          social site, paid medium
//	paid_video           video site, paid medium
//	display              medium display, banner, expandable, interstitial, cpm
//	paid_other           any other paid medium
//	ai_assistant         an assistant such as ChatGPT (no group of GA4)
//	organic_shopping     shopping site or shop campaign
//	organic_social       social site or social medium
//	organic_video        video site or video medium
//	organic_search       search engine or medium organic
//	referral             any other outside page; medium referral, app, link
//	email                mail medium or source; a webmail as referrer
//	affiliates           medium affiliate
//	audio                medium audio
//	sms                  source or medium sms
//	mobile_push          medium ends in push, or contains mobile or notification
//	in_store             the shop, the till
//	phone                a call
//	chat                 live chat or chat bot of one's own
//	support              help desk, ticket
//	print                newspaper, flyer, coupon, catalogue
//	referral_programme   a customer brought a customer
//	unassigned           a campaign that no rule knows
package channel

import (
	"cmp"
	"slices"
)

// Name is a channel group. The empty name says that a touchpoint has no sign of its own.
type Name string

// The groups, in the order of the package comment.
const (
	Direct            Name = "direct"
	CrossNetwork      Name = "cross_network"
	PaidShopping      Name = "paid_shopping"
	PaidSearch        Name = "paid_search"
	PaidSocial        Name = "paid_social"
	PaidVideo         Name = "paid_video"
	Display           Name = "display"
	PaidOther         Name = "paid_other"
	AIAssistant       Name = "ai_assistant"
	OrganicShopping   Name = "organic_shopping"
	OrganicSocial     Name = "organic_social"
	OrganicVideo      Name = "organic_video"
	OrganicSearch     Name = "organic_search"
	Referral          Name = "referral"
	Email             Name = "email"
	Affiliates        Name = "affiliates"
	Audio             Name = "audio"
	SMS               Name = "sms"
	MobilePush        Name = "mobile_push"
	InStore           Name = "in_store"
	Phone             Name = "phone"
	Chat              Name = "chat"
	Support           Name = "support"
	Print             Name = "print"
	ReferralProgramme Name = "referral_programme"
	Unassigned        Name = "unassigned"
)

// Names lists every group in the order of the package comment. The empty name is not one of them.
func Names() []Name {
	return []Name{
		Direct, CrossNetwork, PaidShopping, PaidSearch, PaidSocial, PaidVideo, Display, PaidOther,
		AIAssistant, OrganicShopping, OrganicSocial, OrganicVideo, OrganicSearch, Referral, Email, Affiliates,
		Audio, SMS, MobilePush, InStore, Phone, Chat, Support, Print, ReferralProgramme, Unassigned,
	}
}

// IsKnown says whether the name is a group.
func (n Name) IsKnown() bool { return slices.Contains(Names(), n) }

// Signals are what a touchpoint says about its channel, as sent: any case, any garbage, any of them empty.
type Signals struct {
	Explicit string // properties.channel, else context.channel

	Source   string // utm_source or context.campaign.source, and so on
	Medium   string
	Campaign string
	Term     string
	Content  string

	ClickID  string // name of the click id parameter seen, such as gclid; never its value
	Referrer string // full address of the page or app before
	Page     string // full address of the page itself
}

// Or fills what s lacks from other. Source, medium, campaign, term and content are one tag and are taken together: the
// medium of one tag beside the source of another would name a campaign that never ran.
func (s Signals) Or(other Signals) Signals {
	if s.Source == "" && s.Medium == "" && s.Campaign == "" {
		s.Source, s.Medium, s.Campaign, s.Term, s.Content = other.Source, other.Medium, other.Campaign, other.Term, other.Content
	}
	s.Explicit = cmp.Or(s.Explicit, other.Explicit)
	s.ClickID = cmp.Or(s.ClickID, other.ClickID)
	s.Referrer = cmp.Or(s.Referrer, other.Referrer)
	s.Page = cmp.Or(s.Page, other.Page)
	return s
}
