package channel

// Category is what kind of place a source is; rules speak of categories, lists say which sources belong to them.
type Category string

// The categories. The first four are those of Google's published list of sources. Each is also the name of a medium.
const (
	SearchEngine Category = "search"
	ShoppingSite Category = "shopping"
	SocialSite   Category = "social"
	VideoSite    Category = "video"
	Assistant    Category = "chatbot"
	WebmailSite  Category = "email"
)

// Config is the data that New turns into Rules.
type Config struct {
	Version    string              // of the data; kept with what is computed by it
	Rules      []Rule              // in order of evaluation, first match wins
	Categories map[string]Category // source name or host → what it is
	Mediums    map[string]Medium   // of referrers, by the name Sites give them
	Sites      []Site              // of several sites that claim a host the first one gets it
	Webmail    Webmail
	Labels     map[string][]string // medium → words that name such a host left of its domain: "checkout" in checkout.pay.example
	Search     Search
	ClickIDs   map[string]ClickID // by parameter name; exactly the names of ClickIDs
	Explicit   map[string]Name    // synonyms of groups; every group also stands for itself
	Platforms  []string           // words in the place of an explicit channel that only name the sending software
}

// Rule gives its channel to traffic for which all conditions of All hold, and at least one of Any if there are some.
type Rule struct {
	Channel Name
	All     []Condition
	Any     []Condition
}

// Condition holds when one of its tests holds for the field. Everything is compared in lower case.
type Condition struct {
	Field    string   // "source", "medium" or "campaign"; empty when Category is the test
	Category Category // the source belongs to it
	Is       []string
	Contains []string
	Prefix   []string
	Suffix   []string
	Pattern  string // a regular expression (RE2)
}

// NoSource stands for the medium of places where people pass on their way, such as the page of a payment service: who comes back from there was
// here before, so such a referrer is none.
const NoSource = "none"

// Mirror is the medium of translators, caches and archives, which show pages of other sites. The address of the page they show takes the place of a
// term; where it cannot be told, they are no source.
const Mirror = "mirror"

// Medium says how a referrer of this medium looks to the rules.
type Medium struct {
	Category Category // of its sites, where the site and Categories do not say
	As       string   // the medium that rules see, such as "organic"; NoSource where people only pass through
}

// Site is one search engine, network or service with the hosts it sends people from.
type Site struct {
	Medium string // a key of Config.Mediums
	Source string // its name for people
	// Hosts are host names, with a path where only a part of the host is meant ("x.com/i/grok"). {} in the place of a label
	// stands for any country code, at the end for any country's suffix ("google.{}").
	Hosts []string
	// Params are the query parameters that hold the search term, or regular expressions between slashes over path and query.
	Params    []string
	Category  Category // overrides both the medium's and Categories
	As        string   // overrides the medium's
	NeedsTerm bool     // without a search term it is something else: a portal, a newspaper
	InLabel   bool     // of a mirror: a label below its host is the name of the site that is shown, "shop-example" for shop.example
}

// Webmail tells mail read in a browser by how its hosts are named, because every provider has dozens of them.
type Webmail struct {
	Labels    []string          // parts of the name left of the domain: "webmail" in webmail2.example.org
	Endings   []string          // endings of such parts: "mail" in upcmail.example.org
	Redirects []string          // beginnings of domains that only forward clicks from mails: "deref-" in deref-example.org
	Providers map[string]string // domain, or domain without its suffix → name for people
}

// Search tells search engines that no list names by how they are called and asked.
type Search struct {
	Words  []string // beginnings or endings of a part of the host name: "search", "suche"
	Params []string // query parameters that hold a term
}

// ClickID is what the presence of a click id says about source and medium.
type ClickID struct {
	Source, Medium string
}
