-- Membership and state of a cluster in PostgreSQL (12 or later), and the queries with which Microsoft.Orleans.Clustering.AdoNet and
-- Microsoft.Orleans.Persistence.AdoNet read and write them (names of columns and parameters: dotnet/orleans,
-- src/AdoNet/Shared/Storage/DbStoredQueries.cs and .../Orleans.Persistence.AdoNet/Storage/Provider/AdoNetGrainStorage.cs).
-- Every query is one statement, so it is atomic without a transaction of its own. PostgreSqlDatabase runs this script in one transaction,
-- with fleet_estimator as the schema that names are looked up in. Any change here needs a new PostgreSqlDatabase.SchemaVersion.

CREATE TABLE OrleansQuery
(
    QueryKey  text PRIMARY KEY,
    QueryText text NOT NULL
);

-- One row per cluster. Every change of membership raises Version, on condition that it is still what the silo read.
CREATE TABLE OrleansMembershipVersionTable
(
    DeploymentId text PRIMARY KEY,
    Timestamp    timestamptz NOT NULL DEFAULT now(),
    Version      integer NOT NULL DEFAULT 0
);

-- One row per silo, dead ones included until they are cleaned up. Status: 3 is active, 6 dead (Orleans.Runtime.SiloStatus).
CREATE TABLE OrleansMembershipTable
(
    DeploymentId text NOT NULL REFERENCES OrleansMembershipVersionTable,
    Address      text NOT NULL,
    Port         integer NOT NULL,
    Generation   integer NOT NULL,
    SiloName     text NOT NULL,
    HostName     text NOT NULL,
    Status       integer NOT NULL,
    ProxyPort    integer NULL,
    SuspectTimes text NULL,
    StartTime    timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,

    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);

INSERT INTO OrleansQuery VALUES ('MembershipReadAllKey', $query$
    SELECT v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime,
        m.IAmAliveTime, v.Version
    FROM OrleansMembershipVersionTable v LEFT JOIN OrleansMembershipTable m ON v.DeploymentId = m.DeploymentId
    WHERE v.DeploymentId = @DeploymentId
$query$);

-- The version comes back even if the silo has no row.
INSERT INTO OrleansQuery VALUES ('MembershipReadRowKey', $query$
    SELECT v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime,
        m.IAmAliveTime, v.Version
    FROM OrleansMembershipVersionTable v LEFT JOIN OrleansMembershipTable m
        ON v.DeploymentId = m.DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation
    WHERE v.DeploymentId = @DeploymentId
$query$);

INSERT INTO OrleansQuery VALUES ('InsertMembershipVersionKey', $query$
    WITH inserted AS
    (
        INSERT INTO OrleansMembershipVersionTable (DeploymentId) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT count(*)::integer FROM inserted
$query$);

INSERT INTO OrleansQuery VALUES ('InsertMembershipKey', $query$
    WITH versioned AS
    (
        UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1
        WHERE DeploymentId = @DeploymentId AND Version = @Version
            AND NOT EXISTS (SELECT FROM OrleansMembershipTable m
                WHERE m.DeploymentId = @DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation)
        RETURNING DeploymentId
    ), inserted AS
    (
        INSERT INTO OrleansMembershipTable
            (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
        SELECT DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM versioned
        RETURNING 1
    )
    SELECT count(*)::integer FROM inserted
$query$);

INSERT INTO OrleansQuery VALUES ('UpdateMembershipKey', $query$
    WITH versioned AS
    (
        UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1
        WHERE DeploymentId = @DeploymentId AND Version = @Version
            AND EXISTS (SELECT FROM OrleansMembershipTable m
                WHERE m.DeploymentId = @DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation)
        RETURNING DeploymentId
    ), updated AS
    (
        UPDATE OrleansMembershipTable m SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
        FROM versioned v
        WHERE m.DeploymentId = v.DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation
        RETURNING 1
    )
    SELECT count(*)::integer FROM updated
$query$);

INSERT INTO OrleansQuery VALUES ('UpdateIAmAlivetimeKey', $query$
    UPDATE OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime
    WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
$query$);

INSERT INTO OrleansQuery VALUES ('CleanupDefunctSiloEntriesKey', $query$
    DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> 3
$query$);

INSERT INTO OrleansQuery VALUES ('DeleteMembershipTableEntriesKey', $query$
    WITH deleted AS (DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId)
    DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId
$query$);

-- For Orleans clients, of which FleetEstimator has none outside its tests.
INSERT INTO OrleansQuery VALUES ('GatewaysQueryKey', $query$
    SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable
    WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0
$query$);

-- One row per grain and state. Orleans gives integer and Guid keys in N0 and N1, string keys in the extension.
CREATE TABLE OrleansStorage
(
    ServiceId              text    NOT NULL,
    GrainTypeHash          integer NOT NULL,
    GrainTypeString        text    NOT NULL,
    GrainIdHash            integer NOT NULL,
    GrainIdN0              bigint  NOT NULL,
    GrainIdN1              bigint  NOT NULL,
    GrainIdExtensionString text    NULL,
    Version                integer NOT NULL,
    PayloadBinary          bytea   NULL
);

-- Payloads are compact already.
ALTER TABLE OrleansStorage ALTER COLUMN PayloadBinary SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX OrleansStorage_Key ON OrleansStorage
    (GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, coalesce(GrainIdExtensionString, ''), GrainTypeString, ServiceId);

-- At most one of the two finds something to do: the first when the grain has read or written its state before, the second when it has
-- not. No row means that somebody else wrote, which Orleans makes an InconsistentStateException.
-- Versions begin at random, so that a stale copy of a deleted state never matches the version of its successor.
INSERT INTO OrleansQuery VALUES ('WriteToStorageKey', $query$
    WITH updated AS
    (
        UPDATE OrleansStorage SET PayloadBinary = @PayloadBinary, Version = Version + 1
        WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
            AND GrainIdExtensionString IS NOT DISTINCT FROM @GrainIdExtensionString AND GrainTypeString = @GrainTypeString
            AND ServiceId = @ServiceId AND Version = @GrainStateVersion
        RETURNING Version
    ), inserted AS
    (
        INSERT INTO OrleansStorage
            (ServiceId, GrainTypeHash, GrainTypeString, GrainIdHash, GrainIdN0, GrainIdN1, GrainIdExtensionString, Version, PayloadBinary)
        SELECT @ServiceId, @GrainTypeHash, @GrainTypeString, @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString,
            1 + floor(random() * 1000000000)::integer, @PayloadBinary
        WHERE @GrainStateVersion IS NULL
        ON CONFLICT DO NOTHING
        RETURNING Version
    )
    SELECT Version AS NewGrainStateVersion FROM updated UNION ALL SELECT Version FROM inserted
$query$);

INSERT INTO OrleansQuery VALUES ('ReadFromStorageKey', $query$
    SELECT PayloadBinary, Version
    FROM OrleansStorage
    WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
        AND GrainIdExtensionString IS NOT DISTINCT FROM @GrainIdExtensionString AND GrainTypeString = @GrainTypeString
        AND ServiceId = @ServiceId
$query$);

-- Demanded, but not used: state that is cleared is deleted.
INSERT INTO OrleansQuery VALUES ('ClearStorageKey', $query$
    UPDATE OrleansStorage SET PayloadBinary = NULL, Version = Version + 1
    WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
        AND GrainIdExtensionString IS NOT DISTINCT FROM @GrainIdExtensionString AND GrainTypeString = @GrainTypeString
        AND ServiceId = @ServiceId AND Version = @GrainStateVersion
    RETURNING Version AS NewGrainStateVersion
$query$);

-- Orleans tells success by a version other than the one it gave.
INSERT INTO OrleansQuery VALUES ('DeleteStorageKey', $query$
    DELETE FROM OrleansStorage
    WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
        AND GrainIdExtensionString IS NOT DISTINCT FROM @GrainIdExtensionString AND GrainTypeString = @GrainTypeString
        AND ServiceId = @ServiceId AND Version = @GrainStateVersion
    RETURNING Version + 1 AS NewGrainStateVersion
$query$);
