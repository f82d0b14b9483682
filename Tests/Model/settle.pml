/*
 * Fence and settle: when may a contradiction be called a finding?
 *
 * One user, whose row flips between two values, so that a value can come back (A, B, A). The row's changes travel
 * through the hops of the pipeline, each of which may pause anywhere. An aggregator may lose its partition between its
 * read and its write, and write all the same, at any later time. Meanwhile the verifier settles the user.
 *
 * Claim 1 (default): whatever the order of events, a healthy pipeline is never accused.
 * Claim 2 (-DLOSS):  a change that was lost is found, as soon as the row rests. So the verifier does not merely keep quiet.
 *
 * Each rule can be taken away by a -D switch named after it; `check` shows that claim 1 then fails. The rules marked R1 to R9
 * are tied to the code that implements them in "The model of fence and settle" of the documentation.
 */

#ifndef CHANGES
#define CHANGES 2           /* changes of the row while the verifier looks: A, B, A */
#endif
#define RECORDS 12          /* room in each topic; an assertion guards it */

/* The source. The value of the row at version v is v % 2. */
byte version = 0;
bool nonceWritten = false;

/* The connector: events delivered to the change topic of the user's table, and the offset that it has committed. The
   nonce lies in another table's topic, and reaches it independently. */
byte delivered = 0, offset = 0;
bool nonceDelivered = false;

/* Intake: change events taken, and its commit. */
byte taken = 0;

/* The signals topic, and the aggregator's commit. */
byte signals = 0, answered = 0;

/* The aggregate topic: of each record the version it was read at, and the signal that it answers. */
byte records = 1;           /* record 0 is the row's first version, in place from the beginning */
byte readAt[RECORDS], answers[RECORDS];
byte enriched = 1;          /* the enricher's commit */
bool lossHappened = false;

#define value(v) ((v) % 2)
#define newest (records - 1)

inline append(v, signal) {
    assert(records < RECORDS);
    readAt[records] = v; answers[records] = signal; records++
}

/* ---- The source and the pipeline ------------------------------------------------------------------------------ */

proctype Source() {
    do
    :: version < CHANGES -> version++
#ifdef LOSS
    :: version == CHANGES -> break
#else
    :: break
#endif
    od
}

proctype Connector() {
end: do
    :: atomic { delivered < version -> delivered++ }
    :: atomic { offset < delivered -> offset = delivered }      /* R1: committed after delivery, never before */
    :: atomic { nonceWritten && !nonceDelivered -> nonceDelivered = true }
    od
}

proctype Intake() {
end: do
    :: atomic { taken < delivered ->
#ifdef LOSS
        if
        :: !lossHappened -> lossHappened = true                 /* the event is dropped */
        :: signals++
        fi;
#else
        signals++;                                              /* R2: the signal is acknowledged, */
#endif
        taken++ }                                               /* then the event is committed */
    od
}

byte zombieRead, zombieAnswers;
bool zombieWaits = false, zombieUsed = false;

/* Reads the row, writes the aggregate, commits. Between the read and the write the partition may go to another worker, which
   begins again at the commit; what the first one read is then written late, or never. */
proctype Aggregator() {
    byte read, signal;
end: do
    :: atomic { answered < signals -> signal = answered + 1;
#ifdef STALE_READ
        if :: read = version :: version > 0 -> read = version - 1 fi
#else
        read = version                                          /* R3: a read sees the change that asked for it */
#endif
        }
#ifdef COMMIT_BEFORE_WRITE
        answered = signal;
#endif
        if
        :: atomic { append(read, signal); read = 0 }            /* R2: the aggregate is acknowledged, */
           atomic { answered = signal; signal = 0 }             /* then the signal is committed */
        :: atomic { !zombieUsed ->
               zombieUsed = true; zombieWaits = true; zombieRead = read; zombieAnswers = signal; read = 0; signal = 0 }
        fi
    od
}

proctype Zombie() {
end: atomic { zombieWaits -> append(zombieRead, zombieAnswers); zombieWaits = false }
}

/* Notices records that answer an older signal than the newest one before them, and has their users looked at again. */
proctype Enricher() {
    byte highest = 0;
end: do
    :: atomic { enriched < records ->
#ifndef NO_LATE_WRITE_WATCH
        if
        :: answers[enriched] < highest -> signals++             /* R4: late, so signalled; before the commit */
        :: else -> highest = answers[enriched]
        fi;
#endif
        enriched++ }
    od
}

/* ---- The verifier ---------------------------------------------------------------------------------------------- */

/* Waits until every hop has passed all that the source had written when the wait began. */
inline fence() {
    atomic { position = version; nonceWritten = true; nonceDelivered = false }   /* R5: the binary log's end, after the row was read */
#ifdef ENDS_TAKEN_FIRST
    end1 = delivered;
#endif
#ifdef NONCE_SEEN
    nonceDelivered;
#else
    offset >= position;                                         /* R6: the committed source offset, not an event that was seen */
#endif
#ifndef ENDS_TAKEN_FIRST
    end1 = delivered;                                           /* R7: each end is taken after the hop before it was passed */
#endif
    taken >= end1;
    end1 = signals;
    answered >= end1;
#ifndef ENRICHER_NOT_AWAITED
    end1 = records;
    enriched >= end1;
#endif
    end1 = 0
}

#if defined(NO_FENCE)
#define FIRST_FENCE
#define SECOND_FENCE
#elif defined(ONLY_FIRST_FENCE)
#define FIRST_FENCE fence()
#define SECOND_FENCE
#elif defined(ONLY_SECOND_FENCE)
#define FIRST_FENCE
#define SECOND_FENCE fence()
#else
#define FIRST_FENCE fence()
#define SECOND_FENCE fence()
#endif

proctype Verifier() {
    byte position, end1;
    byte row1, row2, record0, record1, record2;
#ifdef LOSS
    version == CHANGES;                            /* claim 2 is about a row that rests */
#endif
    row1 = version;
#ifndef NO_LOOK_BEFORE
    record0 = newest;                                           /* R8: seen before the first fence */
#endif
    FIRST_FENCE;
    record1 = newest;
#ifdef NO_SECOND_READ
    row2 = row1;
#else
    row2 = version;
#endif
    SECOND_FENCE;
    record2 = newest;

    bool equalRows = value(row1) == value(row2);
#ifdef ONE_LOOK
    bool sameRecord = true;
#elif defined(VALUES_FOR_RECORDS)
    bool sameRecord = value(readAt[record1]) == value(readAt[record2]);
#elif defined(NO_LOOK_BEFORE)
    bool sameRecord = record1 == record2;
#else
    bool sameRecord = record0 == record1 && record1 == record2; /* R9: the very same record, not an equal value */
#endif
    bool isFinding = equalRows && sameRecord && value(readAt[record2]) != value(row2);
#ifdef EXPECT_NO_FINDING
    assert(!isFinding)
#elif defined(LOSS)
    /* Nothing mends a last change that was lost: what the topic holds is wrong, and rests. */
    assert(isFinding || value(readAt[newest]) == value(version) || record0 != newest)
#else
    assert(!isFinding)
#endif
}

init {
    atomic {
        run Source(); run Connector(); run Intake(); run Aggregator(); run Zombie(); run Enricher(); run Verifier()
    }
}
