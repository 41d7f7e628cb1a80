using FleetEstimator.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;

namespace FleetEstimator.Server.State;

/// <summary>Orleans' storage in relational databases, for what grains keep under <see cref="StudyStorage.Name"/>.</summary>
/// <remarks>
/// Orleans' storage reads a key of up to 16 hexadecimal digits as a number and one of 32 as a Guid, whatever the grain says it has: "a", "A" and
/// "0a" are three grains with one state. Keys of grains that keep state must be something else: longer, or with a '/' in them.
/// </remarks>
internal static class DatabaseStorage
{
    /// <summary>Registers Orleans' storage in a relational database under <see cref="StudyStorage.Name"/>.</summary>
    /// <typeparam name="TDatabase">The registered singleton that owns the database.</typeparam>
    public static void AddStudyStorage<TDatabase>(this ISiloBuilder silo, string invariant, Func<TDatabase, System.Data.Common.DbDataSource> source)
        where TDatabase : class, ILifecycleParticipant<ISiloLifecycle>
    {
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<TDatabase>());
        silo.AddAdoNetGrainStorage(StudyStorage.Name, (OptionsBuilder<AdoNetGrainStorageOptions> storage) => storage.Configure<TDatabase, Serializer>((options, database, serializer) =>
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
    public static string Script(string name)
    {
        using var script = new StreamReader(typeof(DatabaseStorage).Assembly.GetManifestResourceStream(name)!);
        return script.ReadToEnd();
    }
}
