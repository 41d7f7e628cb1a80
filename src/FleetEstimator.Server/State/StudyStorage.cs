using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;

namespace FleetEstimator.Server.State;

/// <summary>Where grains of studies keep their state, whatever the database.</summary>
/// <remarks>
/// Orleans' storage reads a key of up to 16 hexadecimal digits as a number and one of 32 as a Guid, whatever the grain says it has: "a", "A" and
/// "0a" are three grains with one state. Keys of grains that keep state must be something else: longer, or with a '/' in them.
/// </remarks>
public static class StudyStorage
{
    /// <summary>The name under which grains ask for it: <c>[PersistentState("...", StudyStorage.Name)]</c>.</summary>
    public const string Name = "studies";

    /// <summary>Registers Orleans' storage in a relational database under <see cref="Name"/>.</summary>
    /// <typeparam name="TDatabase">The registered singleton that owns the database.</typeparam>
    internal static void AddStudyStorage<TDatabase>(this ISiloBuilder silo, string invariant, Func<TDatabase, System.Data.Common.DbDataSource> source)
        where TDatabase : class, ILifecycleParticipant<ISiloLifecycle>
    {
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<TDatabase>());
        silo.AddAdoNetGrainStorage(Name, (OptionsBuilder<AdoNetGrainStorageOptions> storage) => storage.Configure<TDatabase, Serializer>((options, database, serializer) =>
        {
            options.Invariant = invariant;
            options.DataSource = source(database);
            // Orleans' own binary form: the default, JSON, makes bytes base64.
            options.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
            // A study that is removed leaves nothing behind.
            options.DeleteStateOnClear = true;
        }));
    }

    /// <summary>A script of this folder; it is a resource of the assembly.</summary>
    internal static string Script(string name)
    {
        using var script = new StreamReader(typeof(StudyStorage).Assembly.GetManifestResourceStream(name)!);
        return script.ReadToEnd();
    }
}
