-- The sum of a few amounts as bigint. PostgreSQL's own sum of bigints is numeric: over millions of small groups, as the
-- audit forms them, it takes three times as long. An overflow is an error, never a wrong sum.
CREATE OR REPLACE AGGREGATE billing_sum(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);
