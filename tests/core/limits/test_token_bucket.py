from core.limits.token_bucket import TokenBucket


def test_a_full_bucket_allows_a_burst_then_refills_over_time() -> None:
    bucket = TokenBucket(3, 2, 10.0)
    assert [bucket.try_consume(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.try_consume(10.4), bucket.try_consume(10.5), bucket.try_consume(10.5)] == [False, True, False]


def test_a_bucket_never_holds_more_than_its_capacity() -> None:
    bucket = TokenBucket(3, 2, 10.0)
    assert [bucket.try_consume(1_000.0) for _ in range(4)] == [True, True, True, False]
