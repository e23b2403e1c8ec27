// Package dynamo keeps everything that Waymark stores as rows in one DynamoDB table. It translates values of the
// domain into items and back and decides nothing: what wins, what is a repeat and when to try again is told by the
// caller, and conflicts are answered as they are.
//
// The table has the keys PK and SK (both strings) and the TTL attribute expires_at. ws stands for the workspace's
// name, which has no #.
//
//	PK                     SK                          v    b                                  besides
//	ws#identifier          T#original day#hash              page: touchpoints of one batch, and what it says of the identifier
//	                       L                                link to a parent: the first written  e: its evidence, sorts as evidence does; p: the parent
//	                       L#evidence, parent               link to a further parent
//	                       M#evidence, child                the same link, seen from the parent, sorted by its evidence; M#! of children that are not idle
//	                       CL#parent                        decision about the link to a parent  e: its time, sorts as decisions do
//	                       CM#child                         the same decision, seen from the parent  e
//	                       P                                profile                            run: that wrote it; p, n: its parts
//	                       P#run-hash#number                part of a profile too large for one item
//	ws#order#order key     OC#evidence, hash                claim to that order
//	                       OH#evidence, hash                claim of a change or refund
//	ws#records             handle                           record of a batch                  expires_at
//	ws#due                 handle                           whom to look at when
//	ws#settle              S                                where settling stands              epoch: of the run that wrote it
//	ws#people              stage, . for none                (nothing): it was ever listed
//	ws#people#stage        day#run#place                    persons who came into the stage, or were seen later in it
//	ws#kpi#grain           window key                       window with its totals             run: that wrote it; p, n: its parts
//	ws#kpi#grain#parts     window key#run-hash#number       part of a window too large for one item
//	ws#restated            grain#window key#random          note of a scheduled export to be made anew
//	ws#exports             name of an export           yes  newest claim to a revision (v is the revision)
//	ws#cuts                child parent                     decision about a link, once more      e
//	ws#archive#UTC day     object key                       (nothing)
//	ws#failed              time of receipt#id               (nothing)                          c: class, expires_at
//	ws#failed#id           F                                failed event                       o: original bytes, i: SK of the line above, expires_at
//	ws#refused#UTC day     request                          refused request                    expires_at
//	ws#fates               handle                           what became of the events of a batch  expires_at
//	ws#spending            UTC day#source                   events that a source with a cap has sent  n, expires_at
//	salts                  UTC day                          (nothing)                          s: salt of cookieless visitors, expires_at
//	key#fingerprint        K                                key without its text               w: workspace
//	workspaces             name                             workspace, secret keys by fingerprint  watched, watched_until
//
// v is the version or revision that conditional writes compare, b the value as JSON, compressed with zstd where that
// pays. An identifier's items share one partition, so one consistent Query reads all that is known of it. What one
// item has no room for is stored as several: pages, records, dues and lists as values of their own, profiles and
// windows in parts that their head names (parts.go).
//
//	table := dynamo.New(dynamo.NewClient(os.Getenv), "waymark")
//	err := table.PutPages(ctx, "demo", map[event.Identifier][]event.Touchpoint{"user:42": touchpoints})
package dynamo

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Table is the one table. Errors of its methods are faults of kind NotFound, Conflict (a condition did not hold),
// Unavailable (throttled, no answer, a fault of the service) and Invalid (an item over the limit of DynamoDB);
// everything else is Internal. It is safe for concurrent use.
type Table struct {
	Now func() time.Time // tells expired items, which DynamoDB deletes late; time.Now unless set

	client *dynamodb.Client
	name   string
	codec  codec

	mu     sync.Mutex
	listed map[address]bool // stages that this process has written down as listed
}

// New is the table of that name.
func New(client *dynamodb.Client, name string) *Table {
	return &Table{Now: time.Now, client: client, name: name, codec: newCodec(), listed: map[address]bool{}}
}
