-- The tables of Twitchly 0.3 that `manage.py carry` reads, with invented rows, as SQL for SQLite and PostgreSQL.
CREATE TABLE ingest_bot (id integer PRIMARY KEY, login varchar(64), note varchar(200), is_counted_out boolean);
INSERT INTO ingest_bot VALUES (1, 'nightbot', 'chat bot', FALSE), (2, 'our_own_bot', 'quizzes', TRUE);
CREATE TABLE ingest_optout (
    id integer PRIMARY KEY, kind varchar(8), twitch_id varchar(20), login varchar(64), note varchar(200),
    created_at timestamp with time zone, told_at timestamp with time zone
);
INSERT INTO ingest_optout VALUES
    (7, 'channel', '501', 'quiet_painter', 'by mail', '2026-11-20 10:00:00', '2026-11-20 10:00:30'),
    (8, 'user', '502', 'shy_writer', '', '2026-11-21 11:30:00', NULL);
CREATE TABLE ingest_optoutrequest (
    id integer PRIMARY KEY, kind varchar(8), login varchar(25), contact varchar(254), note varchar(500),
    created_at timestamp with time zone, closed_at timestamp with time zone, state varchar(9)
);
INSERT INTO ingest_optoutrequest VALUES
    (3, 'channel', 'asks_to_leave', 'ada@example.com', 'please', '2026-11-22 09:00:00', NULL, 'open');
CREATE TABLE ingest_tag (id integer PRIMARY KEY, name varchar(30));
INSERT INTO ingest_tag VALUES (1, 'chess'), (2, 'partner');
CREATE TABLE ingest_channel (
    id varchar(20) PRIMARY KEY, login varchar(64), name varchar(64), pinned boolean, blocked boolean,
    reason varchar(100), decided_until timestamp with time zone, note varchar(200)
);
INSERT INTO ingest_channel VALUES
    ('11', 'ada_plays', 'Ada_Plays', TRUE, FALSE, 'partner', '2027-01-01 00:00:00', 'signed until spring'),
    ('12', 'loud_clone', 'loud_clone', FALSE, TRUE, 'bought viewers or chat', NULL, ''),
    ('13', 'any_channel', 'any_channel', FALSE, FALSE, '', NULL, '');
CREATE TABLE ingest_channel_tags (id integer PRIMARY KEY, channel_id varchar(20), tag_id integer);
INSERT INTO ingest_channel_tags VALUES (1, '11', 2), (2, '11', 1);
CREATE TABLE audit_act (
    id integer PRIMARY KEY, at timestamp with time zone, by varchar(254), act varchar(12), model varchar(40),
    object_id varchar(40), label varchar(254), before text, after text, reason varchar(254)
);
INSERT INTO audit_act VALUES
    (1, '2026-11-20 09:59:59', 'curator@example.com', 'pinned', 'channel', '11', 'ada_plays',
     '{"kind": "none"}', '{"kind": "pin"}', 'partner'),
    (2, '2026-11-20 10:00:00', 'system', 'added', 'opt-out', '7', 'channel quiet_painter', '{}', '{}', '');
CREATE TABLE audit_deletion (
    id integer PRIMARY KEY, event varchar(200), stage varchar(8), channel_id varchar(20), rows text,
    at timestamp with time zone
);
INSERT INTO audit_deletion VALUES
    (1, 'opt-out-7', 'found', '501', '{"hour_window": 12}', '2026-11-20 10:00:31'),
    (2, 'opt-out-7', 'left', '501', '{"hour_window": 0}', '2026-11-20 10:00:32');
