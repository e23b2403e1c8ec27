// Package dynamo keeps everything that Waymark stores as rows in one DynamoDB table. It translates values of the domain into items and back
// and decides nothing: what wins, what is a repeat and when to try again is told by the caller, and conflicts are answered as they are.
//
// The table has the keys PK and SK (both strings) and the TTL attribute expires_at. ws stands for the workspace's name, which has no #.
//
//	PK                     SK                          v    b                                  besides
//	ws#identifier          P                           yes  aggregate
//	                       T#!event#original time#hash      page of one touchpoint that came without a time
//	                       T#first original time#hash       page of touchpoints of one UTC day
//	                       T#~first original time#hash      page of touchpoints within a minute
//	                       R                           yes  traits
//	                       L#parent                         link to a parent                   e: its evidence, sorts as evidence does
//	                       M#evidence, child                the same link, seen from the parent, sorted by its evidence
//	                       CL#parent                        decision about the link to a parent  e: its time, sorts as decisions do
//	                       CM#child                         the same decision, seen from the parent  e
//	ws#order#order key     O                           yes  claims to that order or refund
//	ws#dirty               not before#grain#window key#random  mark of a dirty window
//	ws#restated            grain#window key#random          note of a scheduled export to be made anew
//	ws#exports             name of an export           yes  newest claim to a revision (v is the revision)
//	ws#kpi#grain           window key                  yes  window with its rows (v counts its replacements)
//	ws#kpi                 rollup                           times of the newest rollups
//	ws#cuts                child parent                     decision about a link, once more      e
//	ws#archive#UTC day     object key                       (nothing)
//	ws#failed              time of receipt#id               (nothing)                          c: class, expires_at
//	ws#failed#id           F                                failed event                       o: original bytes, i: SK of the line above, expires_at
//	ws#refused#UTC day     request                          refused request                    expires_at
//	key#fingerprint        K                                key without its text               w: workspace
//	workspaces             name                             workspace, secret keys by fingerprint
//
// v is the version or revision that conditional writes compare, b the value as JSON, compressed with zstd where that pays. An identifier's
// items share one partition, so one consistent Query reads all that is known of it.
//
//	table := dynamo.New(dynamo.NewClient(os.Getenv), "waymark")
//	aggregate, stored, err := table.Load(ctx, "demo", "user:42", touchpoints)
package dynamo

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Table is the one table. Errors of its methods are faults of kind NotFound, Conflict (a condition did not hold), Unavailable (throttled, no
// answer, a fault of the service) and Invalid (an item over the limit of DynamoDB); everything else is Internal.
type Table struct {
	Now func() time.Time // tells expired items, which DynamoDB deletes late; time.Now unless set

	client *dynamodb.Client
	name   string
	codec  codec
}

// New is the table of that name.
func New(client *dynamodb.Client, name string) *Table {
	return &Table{Now: time.Now, client: client, name: name, codec: newCodec()}
}
