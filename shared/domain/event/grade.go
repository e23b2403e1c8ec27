package event

import "strconv"

// Grade is how far an event may be believed: who has sent it. A higher grade outranks a lower one.
type Grade uint8

// The grades. The zero Grade is that of whoever has read a site's write key in its pages.
const (
	Public Grade = iota // sent with a site's write key, which everybody can read
	Signed              // sent with a site's write key by a user whose id the site's server has signed
	Server              // sent with a secret write key of a server, or imported
)

var gradeNames = [...]string{Public: "public", Signed: "signed", Server: "server"}

// String is the name of the grade: public, signed or server.
func (g Grade) String() string {
	if int(g) < len(gradeNames) {
		return gradeNames[g]
	}
	return "grade " + strconv.Itoa(int(g))
}

// Valid says whether it is one of the three.
func (g Grade) Valid() bool { return int(g) < len(gradeNames) }

// Grades lists the grades, the best first.
func Grades() []Grade { return []Grade{Server, Signed, Public} }

// Proof is what shows that a site's server knows whom an event names: for each id the HMAC-SHA256 of it with the identity secret of the
// source, in hex. It is read by whoever grades the event, and travels no further.
type Proof struct {
	User, Email string
	Address     string // the e-mail address as the event writes it
}
